// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.export;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.op.RotarySpec;
import java.util.List;

/**
 * A configuration as the {@code LlamaConfig} of transformers 4.31 to 4.37 reads it, which the reference implementations use: a key
 * that only newer versions know would be passed over there, and the model would compute something else.
 */
final class LlamaSettings {
    private static final List<String> NEWER = List.of("dtype", "rope_parameters", "head_dim", "auto_map");

    private LlamaSettings() {
    }

    /**
     * The source's configuration in that form.
     *
     * @param type that of most of the weights
     */
    static ObjectNode of(ExportSource source, DType type) {
        ModelInfo info = source.info();
        if (info.headDim() * info.heads() != info.hidden()) {
            throw source.refused("p-MoD and γ-MoD", "has " + info.heads() + " heads of " + info.headDim() + ", together other than the hidden size "
                    + info.hidden(), "their decoder is that of Llama 1 and 2; export a model of that shape");
        }
        ObjectNode node = source.config().node().deepCopy();
        node.remove(NEWER);
        RotarySpec rotary = source.rotary();
        node.put("rope_theta", rotary.theta());
        switch (rotary.scaling()) {
            case RotarySpec.Scaling.None s -> node.putNull("rope_scaling");
            case RotarySpec.Scaling.Linear(double factor) when factor == 1 -> node.putNull("rope_scaling");
            case RotarySpec.Scaling.Linear(double factor) -> node.putObject("rope_scaling").put("type", "linear").put("factor", factor);
            default -> throw source.refused("p-MoD and γ-MoD", "has the rotary scaling " + rotary.scaling(),
                    "their decoder is that of Llama 1 and 2; export a model without it");
        }
        node.put("num_key_value_heads", info.kvHeads());
        node.put("torch_dtype", switch (type) {
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> "float32";
        });
        return node;
    }
}
