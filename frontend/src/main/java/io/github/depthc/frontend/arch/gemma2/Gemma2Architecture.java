// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.gemma2;

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
import io.github.depthc.frontend.arch.common.NormStyle;
import io.github.depthc.frontend.arch.common.RotaryConfig;
import io.github.depthc.frontend.arch.common.SandwichNormBlock;
import io.github.depthc.ir.ModelInfo;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Gemma 2, as {@code modeling_gemma2.py} of transformers 4.57 computes it: scaled embeddings, norms with factor
 * {@code 1 + w} before and after each branch, capped scores and logits, a window in every other layer.
 */
public final class Gemma2Architecture implements Architecture {
    private static final int DEFAULT_HEAD_DIM = 256;
    private static final int DEFAULT_WINDOW = 4096;
    private static final double MAX_CAP = 1e6;

    @Override
    public List<String> modelTypes() {
        return List.of("gemma2");
    }

    @Override
    public List<String> classNames() {
        return List.of("Gemma2ForCausalLM");
    }

    @Override
    public Decoder build(DecoderConfig config, Tensors tensors) {
        Features.check(config.json(), Set.of("attention_bias", "sliding_window", "attn_logit_softcapping", "final_logit_softcapping",
                "query_pre_attn_scalar"));
        ModelInfo info = config.info(modelTypes().getFirst(), OptionalInt.of(DEFAULT_HEAD_DIM));
        boolean[] sliding = LayerTypes.sliding(config.json(), info.layers(), i -> i % 2 == 0);
        int window = config.nullable("sliding_window", OptionalInt.of(DEFAULT_WINDOW)).orElse(0);
        var attention = new AttentionStyle(RotaryConfig.of(config).spec(info.headDim(), 10_000),
                1 / Math.sqrt(config.json().optDouble("query_pre_attn_scalar", 256, 1e-6, 1e9)),
                config.nullable("attn_logit_softcapping", OptionalDouble.of(50), 1e-6, MAX_CAP).orElse(0), 0);
        var activation = Activations.of(config.json(), "hidden_activation", "gelu_pytorch_tanh");
        var style = new DecoderStyle(new NormStyle(config.normEpsilon(), true), config.json().optBool("tie_word_embeddings", true),
                Math.sqrt(info.hidden()), config.nullable("final_logit_softcapping", OptionalDouble.of(30), 1e-6, MAX_CAP).orElse(0));
        var decoder = new DecoderBuilder(info, tensors, style);
        for (boolean s : sliding) {
            decoder.layer(new SandwichNormBlock(attention.within(s ? window : 0), activation, config.flag("attention_bias"), false));
        }
        return decoder.finish();
    }

    /** Gemma 2 2B. */
    @Override
    public String exampleConfig() {
        return """
                {
                  "architectures": ["Gemma2ForCausalLM"],
                  "model_type": "gemma2",
                  "hidden_activation": "gelu_pytorch_tanh",
                  "hidden_size": 2304,
                  "intermediate_size": 9216,
                  "num_hidden_layers": 26,
                  "num_attention_heads": 8,
                  "num_key_value_heads": 4,
                  "head_dim": 256,
                  "max_position_embeddings": 8192,
                  "sliding_window": 4096,
                  "query_pre_attn_scalar": 256,
                  "attn_logit_softcapping": 50.0,
                  "final_logit_softcapping": 30.0,
                  "vocab_size": 256000,
                  "rms_norm_eps": 1e-06,
                  "rope_theta": 10000.0,
                  "attention_bias": false,
                  "tie_word_embeddings": true,
                  "bos_token_id": 2,
                  "eos_token_id": 1,
                  "torch_dtype": "bfloat16"
                }
                """;
    }
}
