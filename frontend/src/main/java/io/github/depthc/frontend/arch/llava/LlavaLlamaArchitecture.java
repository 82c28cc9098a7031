// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.llava;

import io.github.depthc.frontend.arch.Architecture;
import io.github.depthc.frontend.arch.Decoder;
import io.github.depthc.frontend.arch.DecoderConfig;
import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.frontend.arch.common.DecoderBuilder;
import io.github.depthc.frontend.arch.common.Features;
import io.github.depthc.frontend.arch.common.LayerBody;
import io.github.depthc.frontend.arch.common.LlamaBlocks;
import io.github.depthc.frontend.arch.common.LlavaTensors;
import io.github.depthc.ir.ModelInfo;
import java.util.List;
import java.util.Set;

/** LLaVA in its original format, the text decoder: Llama beside a projector and perhaps a vision tower ({@code llava_llama.py}). */
public final class LlavaLlamaArchitecture implements Architecture {
    @Override
    public List<String> modelTypes() {
        return List.of("llava_llama");
    }

    @Override
    public List<String> classNames() {
        return List.of("LlavaLlamaForCausalLM");
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
        LlavaTensors.declareUnused(tensors);
        return decoder.finish();
    }

    /** LLaVA-1.5 7B. */
    @Override
    public String exampleConfig() {
        return """
                {
                  "architectures": ["LlavaLlamaForCausalLM"],
                  "model_type": "llava_llama",
                  "hidden_act": "silu",
                  "hidden_size": 4096,
                  "intermediate_size": 11008,
                  "num_hidden_layers": 32,
                  "num_attention_heads": 32,
                  "num_key_value_heads": 32,
                  "max_position_embeddings": 4096,
                  "vocab_size": 32000,
                  "rms_norm_eps": 1e-05,
                  "rope_scaling": null,
                  "image_aspect_ratio": "pad",
                  "mm_hidden_size": 1024,
                  "mm_projector_type": "mlp2x_gelu",
                  "mm_use_im_start_end": false,
                  "mm_use_im_patch_token": false,
                  "mm_vision_select_feature": "patch",
                  "mm_vision_select_layer": -2,
                  "mm_vision_tower": "openai/clip-vit-large-patch14-336",
                  "tie_word_embeddings": false,
                  "bos_token_id": 1,
                  "eos_token_id": 2,
                  "torch_dtype": "float16"
                }
                """;
    }
}
