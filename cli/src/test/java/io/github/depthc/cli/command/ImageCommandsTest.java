// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static io.github.depthc.cli.CommandLineHarness.repository;
import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.cli.CommandLineHarness.Outcome;
import io.github.depthc.image.ImageFile;
import io.github.depthc.image.ImageLimits;
import io.github.depthc.image.RgbImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images in, text out, on the small checkpoints of {@code tools/goldens-llava}. */
final class ImageCommandsTest {
    private static final Path GOLDENS = repository("integration/src/test/resources/goldens-llava");
    private static final Path TOWER = GOLDENS.resolve("tower");
    private static final Path PICTURES = repository("image/src/test/resources/goldens/pictures");
    private static final Path PHOTO = PICTURES.resolve("jpeg420.jpg"); // 201 x 149
    private static final Path ROTATED = PICTURES.resolve("rotated.jpg"); // 120 x 80, to be turned
    private static final Path TEXT_CHECKPOINT = repository("samples/checkpoints/stories260k");
    private static final String PROCESSOR = """
            {"image_processor_type": "%s", "size": {"shortest_edge": 42}, "crop_size": {"height": 42, "width": 42}%s}
            """;

    @TempDir
    private static Path folder;

    private static Path llava;
    private static Path next;
    private static Path pmod;
    private static Path text;

    @BeforeAll
    static void convert() throws IOException {
        llava = converted("llava-old", PROCESSOR.formatted("CLIPImageProcessor", ""));
        next = converted("next-old", PROCESSOR.formatted("LlavaNextImageProcessor", ", \"image_grid_pinpoints\": [[42,84],[84,42],[84,84],[126,42],[42,126]]"));
        pmod = folder.resolve("pmod");
        Outcome o = run("convert", GOLDENS.resolve("pmod-anyres"), "-o", pmod, "--vision-tower", TOWER);
        assertEquals(0, o.code(), o.err());
        assertTrue((o.out() + o.err()).contains("images are prepared as OpenAI's CLIP prepares them"), o.out() + o.err());
        text = folder.resolve("text");
        assertEquals(0, run("convert", TEXT_CHECKPOINT, "-o", text).code());
    }

    private static Path converted(String golden, String processor) throws IOException {
        Path checkpoint = Files.createDirectory(folder.resolve("of-" + golden));
        for (String file : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(GOLDENS.resolve(golden).resolve(file), checkpoint.resolve(file));
        }
        Files.writeString(checkpoint.resolve("preprocessor_config.json"), processor);
        Path bundle = folder.resolve(golden);
        Outcome o = run("convert", checkpoint, "-o", bundle);
        assertEquals(0, o.code(), o.err());
        return bundle;
    }

    private static JsonNode json(Object... arguments) throws IOException {
        Outcome o = run(arguments);
        assertEquals(0, o.code(), o.err());
        return new ObjectMapper().readTree(o.out());
    }

    private static int[] ints(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false).mapToInt(JsonNode::intValue).toArray();
    }

    private static void refused(String message, Object... arguments) {
        Outcome o = run(arguments);
        assertEquals(2, o.code(), o.err());
        assertTrue(o.err().contains(message), o.err());
        assertEquals(1, o.err().strip().lines().count(), o.err());
    }

    @Test
    void aBundleHasThreeGraphsAndVisionTokensAreWhatIsSkipped() throws IOException {
        JsonNode bundle = new ObjectMapper().readTree(Files.readString(llava.resolve("bundle.json")));
        assertEquals("[decoder, embedding, vision]", StreamSupport.stream(bundle.path("components").spliterator(), false).map(c -> c.path("role").textValue()).toList().toString());
        assertEquals("[embeddings, token_ids, pixels]", StreamSupport.stream(bundle.path("components").spliterator(), false).map(c -> c.path("inputs").textValue()).toList().toString());
        assertEquals("vision", bundle.path("routing").path("candidates").textValue());
        for (String file : new String[] {"decoder.onnx", "embedding.onnx", "vision.onnx", "preprocessor_config.json", "config.json"}) {
            assertTrue(Files.isRegularFile(llava.resolve(file)), file);
        }
        assertFalse(Files.exists(llava.resolve("model.onnx")));
        assertTrue(Files.isRegularFile(pmod.resolve("vision_config.json")));
        assertEquals(0, run("inspect", llava, "--verify").code());
    }

    @Test
    void anImageAndTextGiveTextAndSayWhatWasKept() throws IOException {
        JsonNode o = json("run", llava, "--image", PHOTO, "--input-ids", "1,5,60,7,8", "--max-new-tokens", 6, "--json");
        assertEquals(40, o.path("prompt_tokens").intValue());
        assertEquals(36, o.path("vision_tokens").intValue());
        assertEquals("[2,38]", o.path("vision_positions").toString());
        assertEquals(6, o.path("output_ids").size());
        int[] kept = ints(o.path("kept_per_layer"));
        int[] images = ints(o.path("vision_kept_per_layer"));
        assertEquals(36, images[0]);
        assertTrue(images[5] > 0 && images[5] < 36, o.toString());
        for (int l = 0; l < kept.length; l++) {
            assertEquals(kept[l] - 4, images[l], "layer " + l);
        }
        assertTrue(o.path("timings").path("vision_s").doubleValue() > 0 && o.path("timings").path("prefill_s").doubleValue() > 0);
        Outcome words = run("run", llava, "--image", PHOTO, "--input-ids", "1,5,60,7,8", "--max-new-tokens", 2);
        assertTrue(words.err().contains("201 x 149 pixels, 1 piece, 36 tokens") && words.err().contains("of 36 tokens of images"), words.err());
    }

    @Test
    void whatThePictureShowsMatters() throws IOException {
        Object one = json("run", llava, "--image", PHOTO, "--input-ids", "1,60,7", "--max-new-tokens", 12, "--json").path("output_ids").toString();
        Object other = json("run", llava, "--image", PICTURES.resolve("cmyk.jpg"), "--input-ids", "1,60,7", "--max-new-tokens", 12, "--json").path("output_ids").toString();
        assertNotEquals(one, other);
    }

    @Test
    void severalImagesInPiecesBySize() throws IOException {
        JsonNode o = json("run", next, "--image", PHOTO, "--image", ROTATED, "--input-ids", "1,60,7,60,8", "--max-new-tokens", 2, "--json");
        assertEquals(2, o.path("images").size());
        assertEquals(80, o.path("images").get(1).path("width").intValue(), "turned by EXIF, as transformers opens it");
        assertEquals(o.path("vision_tokens").intValue(), o.path("images").get(0).path("tokens").intValue() + o.path("images").get(1).path("tokens").intValue());
        assertEquals(o.path("prompt_tokens").intValue(), 3 + o.path("vision_tokens").intValue());
        assertEquals(5, o.path("images").get(0).path("pieces").intValue());
    }

    @Test
    void trainedRoutersSkipHalfOfTheImage() throws IOException {
        JsonNode o = json("run", pmod, "--image", PHOTO, "--input-ids", "1,5,-200,7,8", "--max-new-tokens", 2, "--json");
        int vision = o.path("vision_tokens").intValue();
        assertEquals(vision / 2, ints(o.path("vision_kept_per_layer"))[1]);
        assertEquals(vision, ints(o.path("vision_kept_per_layer"))[2]);
    }

    @Test
    void theRoutingIsDrawnOverTheImage() throws IOException {
        Path png = folder.resolve("routing.png");
        Outcome o = run("run", pmod, "--image", PHOTO, "--input-ids", "1,5,-200,7,8", "--max-new-tokens", 1, "--show-routing", png);
        assertEquals(0, o.code(), o.err());
        RgbImage drawn = ImageFile.open(png, ImageLimits.DEFAULT, false).image();
        assertEquals(201, drawn.size().width());
        assertEquals(149 + 12, drawn.size().height());
        // The bar begins at the colour of no layer and ends at that of all.
        assertEquals(0x30125a, drawn.colour(0, 160));
        assertEquals(0xfde725, drawn.colour(200, 160));
        refused("is an image of the prompt", "run", pmod, "--image", png, "--input-ids", "1,-200", "--show-routing", png);
        refused("--show-routing draws on an image", "run", pmod, "--input-ids", "1", "--show-routing", png);
    }

    @Test
    void mistakesAreToldInOneLine() {
        refused("takes no images, but --image is given", "run", text, "--image", PHOTO, "--prompt", "x");
        refused("takes no images, but --system is given", "run", text, "--system", "Be brief.", "--prompt", "x");
        refused("has 1 place for an image (<image>, the token id 60) and 0 images are given", "run", llava, "--input-ids", "1,60");
        refused("has 0 places for an image (<image>, the token id 60) and 1 image is given", "run", llava, "--image", PHOTO, "--input-ids", "1");
        refused("has 1 place for an image (<image>, the token id 60) and 2 images are given", "run", llava, "--image", PHOTO, "--image", PHOTO, "--input-ids", "1,60");
        refused("no such file", "run", llava, "--image", folder.resolve("none.jpg"), "--input-ids", "1,60");
        refused("expected a JPEG, PNG or WebP picture", "run", llava, "--image", llava.resolve("config.json"), "--input-ids", "1,60");
        refused("tokens, those of images too", "run", next, "--image", PHOTO, "--image", PHOTO, "--image", PHOTO, "--image", PHOTO, "--image", PHOTO, "--image", PHOTO,
                "--image", PHOTO, "--image", PHOTO, "--input-ids", "1,60,60,60,60,60,60,60,60");
        refused("takes images, and a bundle of several graphs cannot be exported", "export", pmod, "--format", "pmod", "-o", folder.resolve("exported"));
        refused("has its vision tower in it", "convert", folder.resolve("of-llava-old"), "-o", folder.resolve("x"), "--vision-tower", TOWER);
        refused("takes no images, but --image is given", "bench", text, "--image", PHOTO);
    }

    @Test
    void aCheckpointWithoutATowerTakesTextAlone() throws IOException {
        Path bundle = folder.resolve("no-tower");
        Outcome o = run("convert", GOLDENS.resolve("original-pad"), "-o", bundle);
        assertEquals(0, o.code(), o.err());
        assertTrue((o.out() + o.err()).contains("give the tower's folder: --vision-tower DIR"), o.out() + o.err());
        assertTrue(Files.isRegularFile(bundle.resolve("model.onnx")));
    }

    @Test
    void textAloneRunsToo() throws IOException {
        JsonNode o = json("run", pmod, "--input-ids", "1,5,7", "--max-new-tokens", 2, "--json");
        assertEquals("[3,3,3,3,3,3]", o.path("kept_per_layer").toString());
    }

    @Test
    void benchTakesImages() throws IOException {
        JsonNode o = json("bench", next, "--image", PHOTO, "--new-tokens", 2, "--rounds", 2, "--json");
        JsonNode point = o.path("points").get(0);
        assertTrue(point.path("vision_s").doubleValue() > 0 && point.path("flops_ratio").doubleValue() < 1, o.toString());
        Outcome table = run("bench", next, "--image", PHOTO, "--new-tokens", 2, "--rounds", 2);
        assertTrue(table.out().contains("vision tower"), table.out());
    }
}
