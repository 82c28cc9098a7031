// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/** Names of tensors that are computed when first asked for, and once. */
final class Memo {
    private final Map<String, String> computed = new HashMap<>();

    /** The tensor of this key; {@code compute} adds its nodes the first time (and may ask for others). */
    String once(String key, Supplier<String> compute) {
        String name = computed.get(key);
        if (name == null) {
            name = compute.get();
            computed.put(key, name);
        }
        return name;
    }
}
