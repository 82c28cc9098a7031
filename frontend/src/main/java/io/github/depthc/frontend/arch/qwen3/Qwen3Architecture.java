// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.qwen3;

import io.github.depthc.frontend.arch.Architecture;
import io.github.depthc.frontend.arch.Decoder;
import io.github.depthc.frontend.arch.DecoderConfig;
import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.frontend.arch.common.Activations;
import io.github.depthc.frontend.arch.common.AttentionStyle;
import io.github.depthc.frontend.arch.common.DecoderBuilder;
import io.github.depthc.frontend.arch.common.DecoderStyle;
import io.github.depthc.frontend.arch.common.Features;
import io.github.depthc.frontend.arch.common.LayerTypes;
import io.github.depthc.frontend.arch.common.RotaryConfig;
import io.github.depthc.ir.ModelInfo;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** Qwen3, as {@code modeling_qwen3.py} of transformers 4.57 computes it. */
public final class Qwen3Architecture implements Architecture {
    private static final int DEFAULT_HEAD_DIM = 128;

    @Override
    public List<String> modelTypes() {
        return List.of("qwen3");
    }

    @Override
    public List<String> classNames() {
        return List.of("Qwen3ForCausalLM");
    }

    @Override
    public Decoder build(DecoderConfig config, Tensors tensors) {
        Features.check(config.json(), Set.of("attention_bias", "sliding_window"));
        ModelInfo info = config.info(modelTypes().getFirst(), OptionalInt.of(DEFAULT_HEAD_DIM));
        int[] windows = LayerTypes.upperWindows(config, info.layers());
        AttentionStyle attention = AttentionStyle.of(RotaryConfig.of(config).spec(info.headDim(), 10_000), info.headDim());
        var activation = Activations.of(config.json(), "hidden_act", "silu");
        var decoder = new DecoderBuilder(info, tensors, DecoderStyle.of(config.normEpsilon(), config.flag("tie_word_embeddings")));
        for (int window : windows) {
            decoder.layer(new Qwen3Block(attention.within(window), activation, config.flag("attention_bias")));
        }
        return decoder.finish();
    }

    /** Qwen3 0.6B. */
    @Override
    public String exampleConfig() {
        return """
                {
                  "architectures": ["Qwen3ForCausalLM"],
                  "model_type": "qwen3",
                  "hidden_act": "silu",
                  "hidden_size": 1024,
                  "intermediate_size": 3072,
                  "num_hidden_layers": 28,
                  "num_attention_heads": 16,
                  "num_key_value_heads": 8,
                  "head_dim": 128,
                  "max_position_embeddings": 40960,
                  "use_sliding_window": false,
                  "sliding_window": null,
                  "max_window_layers": 28,
                  "vocab_size": 151936,
                  "rms_norm_eps": 1e-06,
                  "rope_theta": 1000000.0,
                  "attention_bias": false,
                  "tie_word_embeddings": true,
                  "bos_token_id": 151643,
                  "eos_token_id": 151645,
                  "torch_dtype": "bfloat16"
                }
                """;
    }
}
