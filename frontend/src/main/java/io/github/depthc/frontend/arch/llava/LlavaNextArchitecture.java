// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.llava;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.frontend.arch.Architecture;
import io.github.depthc.frontend.arch.Decoder;
import io.github.depthc.frontend.arch.DecoderConfig;
import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.frontend.vision.PreprocessorConfig;
import java.util.List;
import java.util.Map;

/** LLaVA-NeXT (LLaVA-1.6) in HuggingFace's format: images in several pieces, by their size. */
public final class LlavaNextArchitecture implements Architecture {
    @Override
    public List<String> modelTypes() {
        return List.of("llava_next");
    }

    @Override
    public List<String> classNames() {
        return List.of("LlavaNextForConditionalGeneration");
    }

    @Override
    public Decoder build(DecoderConfig config, Tensors tensors) {
        return HuggingFaceLlava.build(config, tensors, modelTypes().getFirst());
    }

    @Override
    public ObjectNode sizes(ObjectNode config) {
        return config.withObject(HuggingFaceLlava.TEXT);
    }

    /** LLaVA-NeXT 7B on Vicuna. */
    @Override
    public Map<String, String> exampleFiles() {
        return Map.of(PreprocessorConfig.FILE, """
                {
                  "image_processor_type": "LlavaNextImageProcessor",
                  "image_grid_pinpoints": [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]],
                  "do_convert_rgb": true,
                  "do_resize": true,
                  "size": {"shortest_edge": 336},
                  "resample": 3,
                  "do_center_crop": true,
                  "crop_size": {"height": 336, "width": 336},
                  "do_rescale": true,
                  "rescale_factor": 0.00392156862745098,
                  "do_normalize": true,
                  "image_mean": [0.48145466, 0.4578275, 0.40821073],
                  "image_std": [0.26862954, 0.26130258, 0.27577711]
                }
                """);
    }

    @Override
    public String exampleConfig() {
        return """
                {
                  "architectures": ["LlavaNextForConditionalGeneration"],
                  "model_type": "llava_next",
                  "image_token_index": 32000,
                  "projector_hidden_act": "gelu",
                  "vision_feature_layer": -2,
                  "vision_feature_select_strategy": "default",
                  "image_grid_pinpoints": [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]],
                  "text_config": {
                    "model_type": "llama",
                    "hidden_act": "silu",
                    "hidden_size": 4096,
                    "intermediate_size": 11008,
                    "num_hidden_layers": 32,
                    "num_attention_heads": 32,
                    "num_key_value_heads": 32,
                    "max_position_embeddings": 4096,
                    "vocab_size": 32064,
                    "rms_norm_eps": 1e-05,
                    "rope_theta": 10000.0
                  },
                  "vision_config": {
                    "model_type": "clip_vision_model",
                    "hidden_size": 1024,
                    "intermediate_size": 4096,
                    "num_hidden_layers": 24,
                    "num_attention_heads": 16,
                    "image_size": 336,
                    "patch_size": 14,
                    "projection_dim": 768,
                    "vocab_size": 32000
                  },
                  "torch_dtype": "float16"
                }
                """;
    }
}
