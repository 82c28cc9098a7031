// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.qwen2;

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
import io.github.depthc.frontend.arch.common.PreNormBlock;
import io.github.depthc.frontend.arch.common.PreNormBlock.Biases;
import io.github.depthc.frontend.arch.common.RotaryConfig;
import io.github.depthc.ir.ModelInfo;
import java.util.List;
import java.util.Set;

/**
 * Qwen2, as {@code modeling_qwen2.py} of transformers 4.57 computes it: Llama's layer with a bias on queries, keys and
 * values, and a window in the upper layers where {@code use_sliding_window} says so.
 */
public final class Qwen2Architecture implements Architecture {
    @Override
    public List<String> modelTypes() {
        return List.of("qwen2");
    }

    @Override
    public List<String> classNames() {
        return List.of("Qwen2ForCausalLM");
    }

    @Override
    public Decoder build(DecoderConfig config, Tensors tensors) {
        Features.check(config.json(), Set.of("sliding_window"));
        ModelInfo info = config.info(modelTypes().getFirst());
        int[] windows = LayerTypes.upperWindows(config, info.layers());
        AttentionStyle attention = AttentionStyle.of(RotaryConfig.of(config).spec(info.headDim(), 10_000), info.headDim());
        var activation = Activations.of(config.json(), "hidden_act", "silu");
        var decoder = new DecoderBuilder(info, tensors, DecoderStyle.of(config.normEpsilon(), config.flag("tie_word_embeddings")));
        for (int window : windows) {
            decoder.layer(new PreNormBlock(attention.within(window), activation, new Biases(true, false, false)));
        }
        return decoder.finish();
    }

    /** Qwen2.5 0.5B. */
    @Override
    public String exampleConfig() {
        return """
                {
                  "architectures": ["Qwen2ForCausalLM"],
                  "model_type": "qwen2",
                  "hidden_act": "silu",
                  "hidden_size": 896,
                  "intermediate_size": 4864,
                  "num_hidden_layers": 24,
                  "num_attention_heads": 14,
                  "num_key_value_heads": 2,
                  "max_position_embeddings": 32768,
                  "use_sliding_window": false,
                  "sliding_window": 32768,
                  "max_window_layers": 21,
                  "vocab_size": 151936,
                  "rms_norm_eps": 1e-06,
                  "rope_theta": 1000000.0,
                  "tie_word_embeddings": true,
                  "bos_token_id": 151643,
                  "eos_token_id": 151643,
                  "torch_dtype": "bfloat16"
                }
                """;
    }
}
