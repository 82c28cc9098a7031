// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.vision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.image.ImageSettings;
import io.github.depthc.image.ImageSettings.Mode;
import io.github.depthc.image.ImageSettings.Resize;
import io.github.depthc.image.PilFilter;
import io.github.depthc.image.PixelSize;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PreprocessorConfigTest {
    /** As openai/clip-vit-large-patch14-336 has it, and llava-hf/llava-1.5-7b-hf but for the type. */
    private static final String CLIP = """
            {"crop_size": {"height": 336, "width": 336}, "do_center_crop": true, "do_convert_rgb": true, "do_normalize": true, "do_rescale": true,
             "do_resize": true, "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_processor_type": "CLIPImageProcessor",
             "image_std": [0.26862954, 0.26130258, 0.27577711], "resample": 3, "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": 336}}""";
    private static final String PINPOINTS = "[[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]";

    @TempDir
    private Path dir;

    private ImageSettings read(String json) throws IOException {
        Files.writeString(dir.resolve(PreprocessorConfig.FILE), json);
        return PreprocessorConfig.read(dir);
    }

    private ImageSettings original(String config) throws IOException {
        Files.writeString(dir.resolve(PreprocessorConfig.FILE), CLIP);
        return PreprocessorConfig.original(JsonObject.parse(config, "config.json"), dir);
    }

    @Test
    void readsThePublishedTowersSettings() throws IOException {
        assertEquals(ImageSettings.clip(336), read(CLIP));
        assertEquals(ImageSettings.clip(336), read(CLIP.replace("CLIPImageProcessor", "CLIPImageProcessorFast")));
        // Older files have numbers for sizes, and no factor.
        assertEquals(ImageSettings.clip(336), read(CLIP.replaceAll("\\{\"(height|shortest_edge)\": 336[^}]*}", "336").replace("\"rescale_factor\": 0.00392156862745098, ", "")
                .replace("image_processor_type", "feature_extractor_type").replace("CLIPImageProcessor", "CLIPFeatureExtractor")));
        assertEquals(ImageSettings.clip(224), read("{}"));
    }

    @Test
    void readsTheNewerFile() throws IOException {
        Files.writeString(dir.resolve(PreprocessorConfig.PROCESSOR_FILE), "{\"image_processor\": " + CLIP + ", \"patch_size\": 14}");
        assertEquals(ImageSettings.clip(336), PreprocessorConfig.read(dir));
    }

    /** The same list, in two orders. */
    @Test
    void readsTheGridAsTheModelsOwnCodeDoes() throws IOException {
        ImageSettings next = read(CLIP.replace("CLIPImageProcessor", "LlavaNextImageProcessor").replace("\"resample\"", "\"image_grid_pinpoints\": " + PINPOINTS + ", \"resample\""));
        assertEquals(Mode.ANYRES, next.mode());
        assertEquals(new PixelSize(672, 336), next.grid().getFirst());
        assertTrue(next.upright());
        assertEquals(next, read(CLIP.replace("CLIPImageProcessor", "LlavaNextImageProcessor")));

        ImageSettings original = original("{\"image_aspect_ratio\": \"anyres\", \"image_grid_pinpoints\": " + PINPOINTS + "}");
        assertEquals(next.grid().stream().map(PixelSize::turned).toList(), original.grid());
        assertEquals(original, original("{\"image_aspect_ratio\": \"anyres\", \"image_grid_pinpoints\": \"" + PINPOINTS.replace("[3", "(3").replace("6], ", "6), ") + "\"}"));
    }

    @Test
    void readsTheOriginalsWayWithOtherRatios() throws IOException {
        assertEquals(ImageSettings.clip(336).withMode(Mode.PAD, List.of()).withUpright(false), original("{\"image_aspect_ratio\": \"pad\"}"));
        assertEquals(ImageSettings.clip(336).withUpright(false), original("{\"image_aspect_ratio\": null}"));
        assertEquals(Mode.PAD, read(CLIP.replace("CLIPImageProcessor\"", "LlavaImageProcessor\", \"do_pad\": true")).mode());
        assertEquals(Mode.CLIP, read(CLIP.replace("CLIPImageProcessor", "LlavaImageProcessor")).mode());
    }

    @Test
    void readsWhatIsSwitchedOff() throws IOException {
        ImageSettings bare = read("{\"do_resize\": false, \"do_rescale\": false, \"do_normalize\": false, \"resample\": 2, \"image_mean\": 0.5}");
        assertEquals(new ImageSettings(Mode.CLIP, Optional.empty(), new PixelSize(224, 224), PilFilter.BILINEAR, 1, List.of(0.0, 0.0, 0.0), List.of(1.0, 1.0, 1.0), List.of(),
                true), bare);
        ImageSettings exact = read("{\"do_center_crop\": false, \"size\": {\"height\": 30, \"width\": 40}}");
        assertEquals(new PixelSize(40, 30), exact.crop());
        assertEquals(Optional.of(new Resize.Exact(new PixelSize(40, 30))), exact.resize());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"image_processor_type": "SiglipImageProcessor"} | expected CLIPImageProcessor, LlavaImageProcessor or LlavaNextImageProcessor
            {"resample": 0} | "resample" is 0, expected 1 (lanczos), 2 (bilinear), 3 (bicubic)
            {"size": {"longest_edge": 9}} | "size.width" is missing
            {"do_center_crop": false} | "do_center_crop" is false, expected true, or a "size" of height and width
            {"image_std": [1, 0, 1]} | preprocessor_config.json: image_mean [0.48145466, 0.4578275, 0.40821073], image_std [1.0, 0.0, 1.0]
            {"image_processor_type": "LlavaNextImageProcessor", "image_grid_pinpoints": "[(1, 2), x]"} | pairs of integers
            {"image_processor_type": "LlavaNextImageProcessor", "image_grid_pinpoints": [[336, 0]]} | at least 1
            {"image_processor_type": "LlavaNextImageProcessor", "image_grid_pinpoints": [[300, 300]]} | expected whole patches of 224 x 224
            """)
    void refusesWhatItCannotDo(String json, String message) {
        String found = assertThrows(InputException.class, () -> read(json)).getMessage();
        assertTrue(found.contains(message), found);
    }

    @Test
    void refusesWhatIsNotThere() {
        String found = assertThrows(InputException.class, () -> PreprocessorConfig.read(dir)).getMessage();
        assertTrue(found.contains("has no preprocessor_config.json"), found);
        assertTrue(assertThrows(InputException.class, () -> original("{\"image_aspect_ratio\": \"anyres_max_9\"}")).getMessage().contains("square, pad or anyres"));
    }
}
