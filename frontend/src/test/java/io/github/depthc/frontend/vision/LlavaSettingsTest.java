// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.vision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.frontend.vision.LlavaSettings.Candidates;
import io.github.depthc.frontend.vision.LlavaSettings.Merge;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LlavaSettingsTest {
    private static LlavaSettings of(String modelType, Consumer<ObjectNode> change) {
        JsonObject config = Importer.exampleConfig(modelType, Map.of());
        change.accept(config.node());
        return LlavaSettings.of(config, Optional.empty()).orElseThrow();
    }

    private static String refused(String modelType, Consumer<ObjectNode> change) {
        return assertThrows(InputException.class, () -> of(modelType, change)).getMessage();
    }

    @Test
    void publishedModels() {
        LlavaSettings llava = of("llava", n -> { });
        assertEquals(new LlavaSettings(new VisionShape(1024, 4096, 24, 16, 336, 14, 1e-5, VisionShape.Activation.QUICK_GELU), 23, 2, true, 32000, Merge.FLAT,
                OptionalInt.empty(), Candidates.VISION, OptionalInt.empty()), llava);
        assertEquals(576, llava.tower().positions());
        assertEquals(Merge.UNPAD, of("llava_next", n -> { }).merge());
        LlavaSettings original = of("llava_llama", n -> { });
        assertEquals(llava.tower(), original.tower());
        assertEquals(LlavaSettings.ORIGINAL_PLACEHOLDER, original.placeholder());
    }

    @Test
    void aTowerThatIsNotDescribedIsThatOfTransformers() {
        assertEquals(of("llava", n -> { }).tower(), of("llava", n -> n.remove("vision_config")).tower());
        assertTrue(refused("llava", n -> n.put("vision_config", "clip")).contains("\"vision_config\" is \"clip\", expected an object"));
    }

    /** Llama's own 1 and 2 where the configuration says nothing. */
    @Test
    void theTokenOfAnImageIsNoOther() {
        assertTrue(refused("llava", n -> n.put("image_token_index", 1)).contains("\"image_token_index\" is 1, expected a token id that stands for an image alone, not that of "
                + "\"bos_token_id\""));
        assertTrue(refused("llava", n -> n.put("image_token_index", 2)).contains("not that of \"eos_token_id\""));
        assertTrue(refused("llava", n -> n.put("pad_token_id", 32000)).contains("not that of \"pad_token_id\""));
        assertTrue(refused("llava_next", n -> ((ObjectNode) n.get("text_config")).putArray("eos_token_id").add(2).add(32000)).contains("not that of \"eos_token_id\""));
        assertEquals(3, of("llava", n -> n.put("image_token_index", 3).put("pad_token_id", -1)).placeholder());
    }

    @Test
    void theTokenOfAnImageIsInTheVocabulary() {
        int vocab = Importer.exampleConfig("llava", Map.of()).node().at("/text_config/vocab_size").intValue();
        assertEquals(vocab - 1, of("llava", n -> n.put("image_token_index", vocab - 1)).placeholder());
        String refused = refused("llava", n -> n.put("image_token_index", vocab));
        assertTrue(refused.contains("\"image_token_index\" is " + vocab + ", expected a token id of the vocabulary, 0 to " + (vocab - 1)), refused);
    }

    @ParameterizedTest
    @CsvSource({
        "pad, vision_all, VISION, FLAT",
        "pad, , VISION, FLAT",
        "anyres, , HIGH_RESOLUTION, UNPAD",
        "anyres, vision_hr, HIGH_RESOLUTION, UNPAD",
        "anyres, vision_all, VISION, UNPAD",
        "anyres, all, ALL, UNPAD",
    })
    void candidatesOfPmod(String aspect, String type, Candidates expected, Merge merge) {
        LlavaSettings s = of("pmod_llava_llama", n -> {
            n.put("mm_vision_tower", "openai/clip-vit-large-patch14-336").put("image_aspect_ratio", aspect).put("mm_patch_merge_type", "spatial_unpad")
                    .put("mm_projector_type", "mlp2x_gelu").put("mod_target_token_type", type).put("max_num_patches", 4).put("tokenizer_model_max_length", 4096);
        });
        assertEquals(expected, s.candidates());
        assertEquals(merge, s.merge());
        assertEquals(OptionalInt.of(4096), s.promptLimit());
    }

    @Test
    void whatIsNotSupportedIsRefusedByName() {
        assertTrue(refused("llava", n -> n.put("vision_feature_select_strategy", "full")).contains("\"vision_feature_select_strategy\" is \"full\""));
        assertTrue(refused("llava", n -> n.putArray("vision_feature_layer").add(-2).add(-5)).contains("vision_feature_layer"));
        assertTrue(refused("llava", n -> n.withObject("vision_config").put("model_type", "siglip_vision_model")).contains("vision_config.model_type"));
        assertTrue(refused("llava", n -> n.withObject("vision_config").put("patch_size", 13)).contains("a divisor of image_size"));
        assertTrue(refused("llava", n -> n.put("vision_feature_layer", -26)).contains("vision_feature_layer"));
        assertTrue(refused("llava_llama", n -> n.put("mm_projector_type", "pooler")).contains("mm_projector_type"));
        assertTrue(refused("llava_llama", n -> n.put("s2", true)).contains("\"s2\""));
        assertTrue(refused("llava_llama", n -> n.put("mm_use_im_start_end", true)).contains("mm_use_im_start_end"));
    }

    @Test
    void aTowerThatNobodyDescribes() {
        JsonObject config = Importer.exampleConfig("llava_llama", Map.of());
        config.node().put("mm_vision_tower", "/home/me/tower");
        assertEquals(Optional.empty(), LlavaSettings.of(config, Optional.empty()));
        assertEquals(56, LlavaSettings.of(config, Optional.of(JsonObject.parse("{\"image_size\": 56, \"patch_size\": 7}", "config.json"))).orElseThrow().tower().imageSize());
    }

    @Test
    void theGraphsOfHuggingFacesFormatFollowFromTheConfiguration() {
        JsonObject config = Importer.exampleConfig("llava_next", Map.of());
        ImageParts parts = ImageParts.declared(config, Tensors.declared(DType.F16), 4096).orElseThrow();
        assertEquals("f32[image_tokens, 4096]", parts.vision().yields().getFirst().type().toString());
        assertTrue(parts.newline().isPresent());
        // Vicuna's 6.7 billion with 64 more tokens, 23 of the tower's 24 layers, the projector
        long tensors = Importer.tensors(Importer.exampleConfig("llava", Map.of()), DType.F16).values().stream().mapToLong(t -> t.elements()).sum();
        assertEquals(6_738_415_616L + 64 * 4096 * 2 + 290_909_184L + 20_979_712L, tensors);
    }
}
