// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.common;

import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.op.Unary;

/** Activation functions by HuggingFace's names ({@code ACT2FN} in transformers' {@code activations.py}). */
public final class Activations {
    private Activations() {
    }

    /** The one under a key, or the named one where the key is absent. */
    public static Unary of(JsonObject config, String key, String orElse) {
        return switch (config.optString(key, orElse)) {
            case "silu", "swish" -> new Unary.Silu();
            case "gelu", "gelu_python" -> new Unary.Gelu(false);
            case "gelu_pytorch_tanh", "gelu_new", "gelu_fast", "gelu_python_tanh" -> new Unary.Gelu(true);
            default -> throw config.error(key, "one of silu, gelu, gelu_pytorch_tanh");
        };
    }
}
