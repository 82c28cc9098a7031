// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.llama;

import io.github.depthc.frontend.arch.Architecture;
import io.github.depthc.frontend.arch.Decoder;
import io.github.depthc.frontend.arch.DecoderConfig;
import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.frontend.arch.common.DecoderBuilder;
import io.github.depthc.frontend.arch.common.Features;
import io.github.depthc.frontend.arch.common.LayerBody;
import io.github.depthc.frontend.arch.common.LlamaBlocks;
import io.github.depthc.ir.ModelInfo;
import java.util.List;
import java.util.Set;

/** Llama, as {@code modeling_llama.py} of transformers 4.57 computes it. */
public final class LlamaArchitecture implements Architecture {
    @Override
    public List<String> modelTypes() {
        return List.of("llama");
    }

    @Override
    public List<String> classNames() {
        return List.of("LlamaForCausalLM");
    }

    @Override
    public Decoder build(DecoderConfig config, Tensors tensors) {
        Features.check(config.json(), Set.of("attention_bias", "mlp_bias"));
        ModelInfo info = config.info(modelTypes().getFirst());
        LayerBody block = LlamaBlocks.of(config, info);
        var decoder = new DecoderBuilder(info, tensors, LlamaBlocks.style(config));
        for (int i = 0; i < info.layers(); i++) {
            decoder.layer(block);
        }
        return decoder.finish();
    }

    /** Llama 2 7B. */
    @Override
    public String exampleConfig() {
        return """
                {
                  "architectures": ["LlamaForCausalLM"],
                  "model_type": "llama",
                  "hidden_act": "silu",
                  "hidden_size": 4096,
                  "intermediate_size": 11008,
                  "num_hidden_layers": 32,
                  "num_attention_heads": 32,
                  "num_key_value_heads": 32,
                  "max_position_embeddings": 4096,
                  "vocab_size": 32000,
                  "rms_norm_eps": 1e-05,
                  "rope_theta": 10000.0,
                  "rope_scaling": null,
                  "attention_bias": false,
                  "mlp_bias": false,
                  "tie_word_embeddings": false,
                  "bos_token_id": 1,
                  "eos_token_id": 2,
                  "torch_dtype": "float16"
                }
                """;
    }
}
