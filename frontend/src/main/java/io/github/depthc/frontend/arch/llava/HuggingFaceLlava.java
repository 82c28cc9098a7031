// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.llava;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.frontend.arch.Architectures;
import io.github.depthc.frontend.arch.Decoder;
import io.github.depthc.frontend.arch.DecoderConfig;
import io.github.depthc.frontend.arch.Prefixes;
import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.ModelInfo;
import java.util.List;
import java.util.Set;

/**
 * LLaVA as transformers stores it ({@code modeling_llava.py} and {@code modeling_llava_next.py} of transformers 4.57): {@code text_config}
 * describes the decoder, whose tensors have a prefix that changed over time. What {@code text_config} leaves out has the default of the
 * decoder's own configuration class.
 */
public final class HuggingFaceLlava {
    /** The key of the decoder's configuration. */
    public static final String TEXT = "text_config";
    private static final Set<String> DECODERS = Set.of("llama", "mistral", "qwen2");
    private static final List<String> PARTS = List.of("language_model.", "lm_head.", "vision_tower.", "multi_modal_projector.", "image_newline");
    private static final String OLD_EMBEDDING = "language_model.model.embed_tokens.weight";

    private HuggingFaceLlava() {
    }

    /** Whether a configuration is of this format. */
    public static boolean is(JsonObject config) {
        return config.node().path(TEXT).isObject() && config.optString("model_type", "").startsWith("llava");
    }

    /** The decoder's configuration, complete. */
    public static JsonObject textConfig(JsonObject config) {
        JsonObject text = config.requireObject(TEXT);
        String type = text.optString("model_type", "llama");
        if (!DECODERS.contains(type)) {
            throw text.error("model_type", "one of " + String.join(", ", DECODERS.stream().sorted().toList()));
        }
        return text.withDefaults(defaults(type));
    }

    private static ObjectNode defaults(String type) {
        String values = switch (type) {
            case "mistral" -> """
                    {"model_type": "mistral", "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
                     "num_attention_heads": 32, "num_key_value_heads": 8, "max_position_embeddings": 131072, "rms_norm_eps": 1e-6,
                     "bos_token_id": 1, "eos_token_id": 2}
                    """;
            case "qwen2" -> """
                    {"model_type": "qwen2", "vocab_size": 151936, "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32,
                     "num_attention_heads": 32, "num_key_value_heads": 32, "max_position_embeddings": 32768, "rms_norm_eps": 1e-6}
                    """;
            default -> """
                    {"model_type": "llama", "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
                     "num_attention_heads": 32, "max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "bos_token_id": 1, "eos_token_id": 2}
                    """;
        };
        return JsonObject.parse(values, "defaults of " + type).node();
    }

    /** True if the tensors have the prefixes of before transformers 4.52. A checkpoint that is only described has them too. */
    public static boolean oldPrefixes(Tensors all) {
        return all.withoutCheckpoint() || all.has(OLD_EMBEDDING);
    }

    private static boolean isOfAPart(String name) {
        String rest = name.startsWith("model.") ? name.substring("model.".length()) : name;
        return PARTS.stream().anyMatch(rest::startsWith);
    }

    /**
     * The configuration of a 7B model on Llama with the CLIP tower of 336 pixels.
     *
     * @param className of {@code architectures}
     * @param more      entries of this kind alone, a comma behind each
     */
    static String exampleConfig(String className, String modelType, String more) {
        return """
                {
                  "architectures": ["%s"],
                  "model_type": "%s",
                  "image_token_index": 32000,
                  "projector_hidden_act": "gelu",
                  "vision_feature_layer": -2,
                  "vision_feature_select_strategy": "default",
                  %s
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
                """.formatted(className, modelType, more);
    }

    /**
     * What prepares the images of that model.
     *
     * @param more entries of this kind alone, a comma behind each
     */
    static String examplePreprocessor(String type, String more) {
        return """
                {
                  "image_processor_type": "%s",
                  %s
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
                """.formatted(type, more);
    }

    /** The decoder. */
    static Decoder build(DecoderConfig config, Tensors tensors, String modelType) {
        JsonObject text = textConfig(config.json());
        Prefixes names = oldPrefixes(tensors) ? Prefixes.of("model.", "language_model.model.").and("lm_head.", "language_model.lm_head.")
                : Prefixes.of("model.", "model.language_model.").and("lm_head.", "lm_head.");
        Decoder decoder = Architectures.registered().of(text).build(new DecoderConfig(config.name(), text), tensors.part(names));
        tensors.unused(HuggingFaceLlava::isOfAPart);
        tensors.finishPart("a " + modelType + " model");
        ModelInfo i = decoder.info();
        return new Decoder(new ModelInfo(i.name(), modelType, i.layers(), i.hidden(), i.heads(), i.kvHeads(), i.headDim(), i.intermediate(), i.vocab(),
                i.context()), decoder.graph());
    }
}
