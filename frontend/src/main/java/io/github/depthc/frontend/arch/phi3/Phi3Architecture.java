// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.phi3;

import io.github.depthc.frontend.arch.Architecture;
import io.github.depthc.frontend.arch.Decoder;
import io.github.depthc.frontend.arch.DecoderConfig;
import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.frontend.arch.common.Activations;
import io.github.depthc.frontend.arch.common.AttentionStyle;
import io.github.depthc.frontend.arch.common.DecoderBuilder;
import io.github.depthc.frontend.arch.common.DecoderStyle;
import io.github.depthc.frontend.arch.common.Features;
import io.github.depthc.frontend.arch.common.RotaryConfig;
import io.github.depthc.ir.ModelInfo;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** Phi-3, as {@code modeling_phi3.py} of transformers 4.57 computes it. */
public final class Phi3Architecture implements Architecture {
    @Override
    public List<String> modelTypes() {
        return List.of("phi3");
    }

    @Override
    public List<String> classNames() {
        return List.of("Phi3ForCausalLM");
    }

    @Override
    public Decoder build(DecoderConfig config, Tensors tensors) {
        Features.check(config.json(), Set.of("sliding_window", "partial_rotary_factor"));
        ModelInfo info = config.info(modelTypes().getFirst());
        if (config.json().has("rope_scaling")) {
            config.json().requireInt("original_max_position_embeddings", 2, info.context());
        }
        int rotated = (int) (info.headDim() * rotatedShare(config));
        int window = config.nullable("sliding_window", OptionalInt.empty()).orElse(0);
        var block = new Phi3Block(AttentionStyle.of(RotaryConfig.of(config).spec(rotated, 10_000), info.headDim()).within(window),
                Activations.of(config.json(), "hidden_act", "silu"));
        var decoder = new DecoderBuilder(info, tensors, DecoderStyle.of(config.normEpsilon(), config.flag("tie_word_embeddings")));
        for (int i = 0; i < info.layers(); i++) {
            decoder.layer(block);
        }
        return decoder.finish();
    }

    private static double rotatedShare(DecoderConfig config) {
        double beside = config.json().optDouble("partial_rotary_factor", 1, 0, 1);
        return config.json().optObject("rope_parameters").map(p -> p.optDouble("partial_rotary_factor", beside, 0, 1)).orElse(beside);
    }

    /** Phi-3-mini-4k. */
    @Override
    public String exampleConfig() {
        return """
                {
                  "architectures": ["Phi3ForCausalLM"],
                  "model_type": "phi3",
                  "hidden_act": "silu",
                  "hidden_size": 3072,
                  "intermediate_size": 8192,
                  "num_hidden_layers": 32,
                  "num_attention_heads": 32,
                  "num_key_value_heads": 32,
                  "max_position_embeddings": 4096,
                  "original_max_position_embeddings": 4096,
                  "sliding_window": 2047,
                  "vocab_size": 32064,
                  "rms_norm_eps": 1e-05,
                  "rope_theta": 10000.0,
                  "rope_scaling": null,
                  "partial_rotary_factor": 1.0,
                  "tie_word_embeddings": false,
                  "bos_token_id": 1,
                  "eos_token_id": 32000,
                  "torch_dtype": "bfloat16"
                }
                """;
    }
}
