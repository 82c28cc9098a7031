// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.gemma3;

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
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The text decoder of Gemma 3, as {@code modeling_gemma3.py} of transformers 4.57 computes it: Gemma 2's layer with
 * normed queries and keys and without a cap on the scores; five layers with a window and a local rotary base, then one
 * with full attention and the scaled global one.
 */
public final class Gemma3Architecture implements Architecture {
    private static final int DEFAULT_HEAD_DIM = 256;
    private static final int DEFAULT_WINDOW = 4096;
    private static final int DEFAULT_PATTERN = 6;

    @Override
    public List<String> modelTypes() {
        return List.of("gemma3_text");
    }

    @Override
    public List<String> classNames() {
        return List.of("Gemma3ForCausalLM");
    }

    @Override
    public Map<String, String> refused() {
        return Map.of("gemma3", "it holds a vision tower; export its text decoder (model_type gemma3_text) and convert that");
    }

    @Override
    public Decoder build(DecoderConfig config, Tensors tensors) {
        Features.check(config.json(), Set.of("attention_bias", "sliding_window", "final_logit_softcapping", "query_pre_attn_scalar"));
        ModelInfo info = config.info(modelTypes().getFirst(), OptionalInt.of(DEFAULT_HEAD_DIM));
        int pattern = config.json().optInt("sliding_window_pattern", DEFAULT_PATTERN, 1, 1 << 16);
        boolean[] sliding = LayerTypes.sliding(config.json(), info.layers(), i -> (i + 1) % pattern != 0);
        double scale = 1 / Math.sqrt(config.json().optDouble("query_pre_attn_scalar", 256, 1e-6, 1e9));
        int window = config.nullable("sliding_window", OptionalInt.of(DEFAULT_WINDOW)).orElse(0);
        var local = new AttentionStyle(RotaryConfig.of(config, LayerTypes.SLIDING).unscaled(info.headDim(), "rope_local_base_freq", 10_000),
                scale, 0, window);
        var global = new AttentionStyle(RotaryConfig.of(config, LayerTypes.FULL).spec(info.headDim(), 1_000_000), scale, 0, 0);
        var activation = Activations.of(config.json(), "hidden_activation", "gelu_pytorch_tanh");
        var style = new DecoderStyle(new NormStyle(config.normEpsilon(), true), config.json().optBool("tie_word_embeddings", true),
                Math.sqrt(info.hidden()), config.nullable("final_logit_softcapping", OptionalDouble.empty(), 1e-6, 1e6).orElse(0));
        var decoder = new DecoderBuilder(info, tensors, style);
        for (boolean s : sliding) {
            decoder.layer(new SandwichNormBlock(s ? local : global, activation, config.flag("attention_bias"), true));
        }
        return decoder.finish();
    }

    /** Gemma 3 1B. */
    @Override
    public String exampleConfig() {
        return """
                {
                  "architectures": ["Gemma3ForCausalLM"],
                  "model_type": "gemma3_text",
                  "hidden_activation": "gelu_pytorch_tanh",
                  "hidden_size": 1152,
                  "intermediate_size": 6912,
                  "num_hidden_layers": 26,
                  "num_attention_heads": 4,
                  "num_key_value_heads": 1,
                  "head_dim": 256,
                  "max_position_embeddings": 32768,
                  "sliding_window": 512,
                  "sliding_window_pattern": 6,
                  "query_pre_attn_scalar": 256,
                  "vocab_size": 262144,
                  "rms_norm_eps": 1e-06,
                  "rope_theta": 1000000.0,
                  "rope_local_base_freq": 10000.0,
                  "rope_scaling": null,
                  "attention_bias": false,
                  "tie_word_embeddings": true,
                  "bos_token_id": 2,
                  "eos_token_id": 1,
                  "torch_dtype": "bfloat16"
                }
                """;
    }
}
