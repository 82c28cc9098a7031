// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.mistral;

import io.github.depthc.frontend.arch.Architecture;
import io.github.depthc.frontend.arch.Decoder;
import io.github.depthc.frontend.arch.DecoderConfig;
import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.frontend.arch.common.Activations;
import io.github.depthc.frontend.arch.common.AttentionStyle;
import io.github.depthc.frontend.arch.common.DecoderBuilder;
import io.github.depthc.frontend.arch.common.DecoderStyle;
import io.github.depthc.frontend.arch.common.Features;
import io.github.depthc.frontend.arch.common.PreNormBlock;
import io.github.depthc.frontend.arch.common.RotaryConfig;
import io.github.depthc.ir.ModelInfo;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** Mistral, as {@code modeling_mistral.py} of transformers 4.57 computes it: Llama's layer within one window. */
public final class MistralArchitecture implements Architecture {
    private static final int DEFAULT_WINDOW = 4096;

    @Override
    public List<String> modelTypes() {
        return List.of("mistral");
    }

    @Override
    public List<String> classNames() {
        return List.of("MistralForCausalLM");
    }

    @Override
    public Decoder build(DecoderConfig config, Tensors tensors) {
        Features.check(config.json(), Set.of("sliding_window"));
        // Mixed layer types are another model type, which transformers would compute wrongly under this name.
        Features.refuse(config.json(), "layer_types");
        ModelInfo info = config.info(modelTypes().getFirst());
        int window = config.nullable("sliding_window", OptionalInt.of(DEFAULT_WINDOW)).orElse(0);
        var block = new PreNormBlock(
                AttentionStyle.of(RotaryConfig.of(config).spec(info.headDim(), 10_000), info.headDim()).within(window),
                Activations.of(config.json(), "hidden_act", "silu"), PreNormBlock.Biases.NONE);
        var decoder = new DecoderBuilder(info, tensors, DecoderStyle.of(config.normEpsilon(), config.flag("tie_word_embeddings")));
        for (int i = 0; i < info.layers(); i++) {
            decoder.layer(block);
        }
        return decoder.finish();
    }

    /** Mistral 7B v0.1. */
    @Override
    public String exampleConfig() {
        return """
                {
                  "architectures": ["MistralForCausalLM"],
                  "model_type": "mistral",
                  "hidden_act": "silu",
                  "hidden_size": 4096,
                  "intermediate_size": 14336,
                  "num_hidden_layers": 32,
                  "num_attention_heads": 32,
                  "num_key_value_heads": 8,
                  "head_dim": 128,
                  "max_position_embeddings": 32768,
                  "sliding_window": 4096,
                  "vocab_size": 32000,
                  "rms_norm_eps": 1e-05,
                  "rope_theta": 10000.0,
                  "tie_word_embeddings": false,
                  "bos_token_id": 1,
                  "eos_token_id": 2,
                  "torch_dtype": "bfloat16"
                }
                """;
    }
}
