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
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.frontend.synth.Synth;
import io.github.depthc.image.ImageFile;
import io.github.depthc.image.ImageLimits;
import io.github.depthc.image.RgbImage;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Images in, text out, on the small checkpoints of {@code tools/goldens-llava}. */
final class ImageCommandsTest {
    private static final Path GOLDENS = repository("integration/src/test/resources/goldens-llava");
    private static final Path TOWER = GOLDENS.resolve("tower");
    private static final Path PICTURES = repository("image/src/test/resources/goldens/pictures");
    private static final Path PHOTO = PICTURES.resolve("jpeg420.jpg"); // 201 x 149
    private static final Path ROTATED = PICTURES.resolve("rotated.jpg"); // 120 x 80, to be turned
    /** {@code config.json} of published checkpoints. */
    private static final Path CONFIGS = repository("cli/src/test/resources/llava-configs");
    /** Of p-MoD's layers: the 53.8 % of its paper. */
    private static final double MEAN_RATIO = 0.5375;
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

    /** An original checkpoint of random weights with a tokenizer; the tower is that of the goldens. */
    private static Path reading() throws IOException {
        Path checkpoint = folder.resolve("reading");
        if (!Files.exists(checkpoint)) {
            JsonObject config = JsonObject.parse("""
                    {"architectures": ["LlavaLlamaForCausalLM"], "model_type": "llava_llama", "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 5,
                     "num_attention_heads": 4, "max_position_embeddings": 512, "vocab_size": 512, "rms_norm_eps": 1e-5, "bos_token_id": 1, "eos_token_id": 2,
                     "mm_vision_tower": "tower", "mm_projector_type": "mlp2x_gelu", "mm_vision_select_layer": -2, "image_aspect_ratio": "pad"}
                    """, "config.json");
            var tensors = new LinkedHashMap<>(Importer.tensors(config, DType.F32));
            for (String name : new String[] {"0", "2"}) {
                tensors.put("model.mm_projector." + name + ".weight", TensorType.fixed(DType.F32, 32, name.equals("0") ? 24 : 32));
                tensors.put("model.mm_projector." + name + ".bias", TensorType.fixed(DType.F32, 32));
            }
            Synth.write(checkpoint, config, tensors, 3, Long.MAX_VALUE, (done, total) -> { });
            Files.copy(TEXT_CHECKPOINT.resolve("tokenizer.json"), checkpoint.resolve("tokenizer.json"));
        }
        return checkpoint;
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
        Path notes = Files.writeString(folder.resolve("notes.png"), "mine");
        refused("exists already and is no PNG file, so it is not replaced", "run", pmod, "--image", PHOTO, "--input-ids", "1,-200", "--show-routing", notes);
        assertEquals("mine", Files.readString(notes));
        assertEquals(0, run("run", pmod, "--image", PHOTO, "--input-ids", "1,5,-200,7,8", "--max-new-tokens", 1, "--show-routing", png).code());
        refused("is an image of the prompt", "run", pmod, "--image", png, "--input-ids", "1,-200", "--show-routing", png);
        refused("there is no folder " + folder.resolve("none"), "run", pmod, "--image", PHOTO, "--input-ids", "1,-200", "--show-routing", folder.resolve("none/routing.png"));
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
        refused("takes images, and a bundle of several graphs cannot be exported yet. Serve this bundle with depthc deploy", "export", pmod, "--format", "triton", "-o",
                folder.resolve("exported"));
        refused("onnxruntime-genai has no model type for LLaVA", "export", pmod, "--format", "genai", "-o", folder.resolve("exported"));
        refused("has its vision tower in it", "convert", folder.resolve("of-llava-old"), "-o", folder.resolve("x"), "--vision-tower", TOWER);
        refused("takes no images, but --image is given", "bench", text, "--image", PHOTO);
    }

    @Test
    void whatOfAModelOfImagesIsQuantizedIsSaid() {
        String said = "the decoder's weights alone are put into integers; the vision tower and the projector stay in F32";
        Outcome o = run("convert", folder.resolve("of-llava-old"), "-o", folder.resolve("int8"), "--weights", "int8");
        assertTrue(o.code() == 0 && o.err().contains(said), o.err());
        Outcome ofText = run("convert", TEXT_CHECKPOINT, "-o", folder.resolve("text-int8"), "--weights", "int8");
        assertTrue(ofText.code() == 0 && !ofText.err().contains(said), ofText.err());
    }

    @Test
    void aCheckpointWithoutATowerTakesTextAlone() throws IOException {
        Path bundle = folder.resolve("no-tower");
        Outcome o = run("convert", GOLDENS.resolve("original-pad"), "-o", bundle);
        assertEquals(0, o.code(), o.err());
        assertTrue((o.out() + o.err()).contains("give the tower's folder: --vision-tower DIR"), o.out() + o.err());
        assertTrue(Files.isRegularFile(bundle.resolve("model.onnx")));
    }

    /**
     * The table of p-MoD's paper prints 8.38 and 4.92 TFLOPs for LLaVA-1.5, 39.46 and 21.94 for LLaVA-NeXT, and 53.8 % of the images' KV cache. It counts 58 tokens of
     * text beside the images (and 60, as it seems, for the last figure); the vocabulary of HuggingFace's checkpoints is larger by 64, which
     * shows in one last digit. The default schedule has the ratios of p-MoD.
     */
    @ParameterizedTest
    @CsvSource({
        "llava-1.5-7b-hf, 576, 58, 8.38, 4.92",
        "llava-v1.5-7b, 576, 58, 8.38, 4.92",
        "llava-v1.6-vicuna-7b-hf, 2928, 58, 39.46, 21.92",
        "llava-v1.6-vicuna-7b, 2928, 58, 39.46, 21.91",
        "llava-v1.6-vicuna-7b, 2928, 60, 39.48, 21.94",
    })
    void costsOfPublishedModelsFromTheirConfigurations(String model, int vision, int text, double dense, double routed) throws IOException {
        JsonNode totals = json("inspect", CONFIGS.resolve(model + ".json"), "--vision-tokens", vision, "--text-tokens", text, "--json").path("totals");
        assertEquals(dense, Math.round(totals.path("flops_dense").doubleValue() / 1e10) / 100.0, totals.toString());
        assertEquals(routed, Math.round(totals.path("flops").doubleValue() / 1e10) / 100.0, totals.toString());
        // In F32; the papers count 2 bytes for a number.
        long token = 2L * 4096 * 4;
        assertEquals((vision + text) * 32 * token, totals.path("kv_bytes_dense").longValue());
        double kept = (totals.path("kv_bytes").longValue() - text * 32 * token) / (double) (vision * 32 * token);
        // Each routed layer drops the part of a token that its ratio leaves over.
        assertTrue(kept <= MEAN_RATIO && kept > MEAN_RATIO - 24.0 / (32 * vision), "of the images' keys and values: " + kept);
    }

    /** What is counted where nothing is said: one square image, in LLaVA-NeXT 2 x 2 pieces and the whole with their 48 line ends, and 64 tokens of text. */
    @ParameterizedTest
    @CsvSource({"llava-1.5-7b-hf, 640", "llava-v1.5-7b, 640", "llava-v1.6-vicuna-7b-hf, 2992", "llava-v1.6-vicuna-7b, 2992"})
    void anImageIsCountedByItself(String model, int tokens) throws IOException {
        JsonNode o = json("inspect", CONFIGS.resolve(model + ".json"), "--json");
        assertEquals(tokens, o.path("layers").get(0).path("kept").intValue());
        assertEquals(24, o.at("/totals/mod_layers").intValue());
    }

    /** The tower is named, and its shape known; where it is not, or images are of a kind that is not supported, it is text that is counted. */
    @ParameterizedTest
    @CsvSource({"openai/clip-vit-large-patch14-336, false, 640", "openai/clip-vit-large-patch14, false, 320", "/a/tower, false, 1024", "openai/clip-vit-large-patch14-336, true, 1024"})
    void originalConfigurationsCountTheTokensOfAnImageWhereTheTowerIsKnown(String tower, boolean unsupported, int tokens) throws IOException {
        JsonObject config = Importer.exampleConfig("llava_llama", Map.of());
        config.node().put("mm_vision_tower", tower).put("mm_use_im_start_end", unsupported);
        JsonNode o = json("inspect", Files.writeString(folder.resolve("original.json"), config.toText()), "--layers", "none", "--json");
        assertEquals(tokens * 32 * 4096 * 2 * 4L, o.at("/totals/kv_bytes_dense").longValue());
    }

    @Test
    void textAloneRunsToo() throws IOException {
        JsonNode o = json("run", pmod, "--input-ids", "1,5,7", "--max-new-tokens", 2, "--json");
        assertEquals("[3,3,3,3,3,3]", o.path("kept_per_layer").toString());
    }

    @Test
    void aPromptBecomesAConversation() throws IOException {
        Path bundle = folder.resolve("chat");
        Outcome o = run("convert", reading(), "-o", bundle, "--vision-tower", TOWER);
        assertEquals(0, o.code(), o.err());
        assertTrue(o.out().contains("--image photo.jpg --prompt"), o.out());
        JsonNode one = json("run", bundle, "--image", PHOTO, "--prompt", "What is it?", "--max-new-tokens", 2, "--json");
        assertEquals("Vicuna v1 (the model has no chat template)", one.path("chat_template").textValue());
        int[] ids = ints(one.path("prompt_ids"));
        assertEquals(1, ids[0]);
        assertEquals(1, Arrays.stream(ids).filter(id -> id == -200).count());
        assertEquals(1, Arrays.stream(ids).filter(id -> id == 1).count(), "the token that begins a text");
        JsonNode brief = json("run", bundle, "--image", PHOTO, "--system", "Be brief.", "--prompt", "What is <image> it?", "--max-new-tokens", 2, "--json");
        int[] marked = ints(brief.path("prompt_ids"));
        assertTrue(marked.length < ids.length, "a shorter system text");
        assertEquals(-200, marked[(int) Arrays.stream(marked).takeWhile(id -> id != -200).count()]);
        refused("has 1 place for an image", "run", bundle, "--prompt", "What is <image>?");
        refused("--system has no effect", "run", bundle, "--system", "x", "--input-ids", "1");
        Path own = folder.resolve("own");
        Files.writeString(reading().resolve("chat_template.json"), "{\"chat_template\": \"{% for m in messages %}{% for c in m.content | selectattr('type', 'equalto', 'image') %}"
                + "{{ '<image>' }}{% endfor %}{% for c in m.content | selectattr('type', 'equalto', 'text') %}{{ c.text }}{% endfor %}{% endfor %}\"}");
        assertEquals(0, run("convert", reading(), "-o", own, "--vision-tower", TOWER).code());
        JsonNode templated = json("run", own, "--image", PHOTO, "--prompt", "Lily", "--max-new-tokens", 1, "--json");
        assertEquals("the model's chat template", templated.path("chat_template").textValue());
        assertEquals(-200, ints(templated.path("prompt_ids"))[1]);
        Path blind = folder.resolve("blind");
        Files.writeString(reading().resolve("chat_template.json"), "{\"chat_template\": \"{% for m in messages %}{% for c in m.content | selectattr('type', 'equalto', 'text') %}"
                + "{{ c.text }}{% endfor %}{# no 'image' #}{% endfor %}\"}");
        assertEquals(0, run("convert", reading(), "-o", blind, "--vision-tower", TOWER).code());
        refused("the model's chat template shows 0 of the images of these messages, expected all, which are 1", "run", blind, "--image", PHOTO, "--prompt", "Lily");
        Path broken = folder.resolve("broken");
        Files.writeString(reading().resolve("chat_template.json"), "{\"chat_template\": \"{% for %}\"}");
        assertEquals(0, run("convert", reading(), "-o", broken, "--vision-tower", TOWER).code());
        refused(broken.resolve("chat_template.json") + ": the chat template cannot be read: ", "run", broken, "--image", PHOTO, "--prompt", "Lily");
        refused("or take --chat-template plain", "deploy", broken, "--port", "0");
        Files.copy(own.resolve("chat_template.json"), reading().resolve("chat_template.json"), StandardCopyOption.REPLACE_EXISTING);
    }

    @Test
    void imagesOfASetAreReadOrRefused() throws IOException {
        Path set = folder.resolve("odd.jsonl");
        String[][] cases = {
            {"{\"text\": \"a\"}\n{\"image\": \"one.jpg\", \"text\": \"b\"}\n", set + ":2: has an \"image\", but the file is read as text alone here"},
            {"{\"image\": \" \", \"text\": \"b\"}\n", set + ":1: \"image\" is empty, expected a picture's file name"},
            {"{\"image\": \"a\\u0000b.jpg\", \"text\": \"b\"}\n", set + ":1: \"image\" is no file name ("},
            {"{\"image\": \"none.jpg\", \"text\": \"b\"}\n", set + ":1: "},
            {"{\"image\": 5, \"text\": \"b\"}\n", set + ":1: has no string \"image\", expected a picture's file name in each line"},
            {"{\"image\": \"one.jpg\"}\n", set + ":1: has no string \"text\", expected what is asked about the image"},
            {"{\"image\": \"one.jpg\", \"text\": \"b\", \"answer\": [\"c\"]}\n", set + ":1: \"answer\" is no string, expected the text that is to come behind the prompt"},
        };
        for (String[] c : cases) {
            Files.writeString(set, c[0]);
            refused(c[1], "convert", reading(), "-o", folder.resolve("odd"), "--vision-tower", TOWER, "--layers", "arank:2", "--calibration", set);
        }
    }

    @Test
    void layersAreChosenOnImagesAndText() throws IOException {
        Path set = folder.resolve("set.jsonl");
        Files.copy(PHOTO, folder.resolve("one.jpg"));
        Files.copy(PICTURES.resolve("cmyk.jpg"), folder.resolve("two.jpg"));
        Files.writeString(set, """
                {"image": "one.jpg", "text": "What is in the picture?", "answer": " Lily went to the park with her mom and saw a ball."}
                {"image": "two.jpg", "text": "Tell me about it.", "answer": " Once upon a time there was a big red dog in the park."}
                """);
        Path ranked = folder.resolve("ranked");
        Outcome o = run("convert", reading(), "-o", ranked, "--vision-tower", TOWER, "--layers", "arank:2", "--calibration", set);
        assertEquals(0, o.code(), o.err());
        JsonNode kept = json("run", ranked, "--image", PHOTO, "--input-ids", "1,-200,5", "--max-new-tokens", 1, "--json").path("vision_kept_per_layer");
        assertEquals(2, Arrays.stream(ints(kept)).filter(k -> k < 36).count(), kept.toString());
        Path chosen = folder.resolve("chosen");
        o = run("convert", reading(), "-o", chosen, "--vision-tower", TOWER, "--budget", "0.8", "--calibration", set);
        assertEquals(0, o.code(), o.err());
        kept = json("run", chosen, "--image", PHOTO, "--input-ids", "1,-200,5", "--max-new-tokens", 1, "--json").path("vision_kept_per_layer");
        assertTrue(Arrays.stream(ints(kept)).anyMatch(k -> k < 36), kept.toString());
        assertTrue(Files.readString(chosen.resolve("report.html")).contains("id=\"chart-kept\""), "kept tokens of prompts with images");
        assertEquals(5, json("analyze", reading(), "--vision-tower", TOWER, "--calibration", set, "--json").path("layers").size());
        Files.writeString(set, """
                {"image": "one.jpg", "text": "What is in the picture?", "answer": " Lily went to the park with her mom and saw a ball."}
                {"image": "two.jpg", "text": "Tell me about it."}
                """);
        o = run("convert", reading(), "-o", folder.resolve("some"), "--vision-tower", TOWER, "--budget", "0.9", "--calibration", set);
        assertTrue(o.err().contains("1 of 2 calibration samples is left out: too short for a prompt before 64 tokens of continuation, or with an image that reaches into it, and no \"answer\" that would be it."), o.err());
        Files.writeString(set, "{\"image\": \"one.jpg\", \"text\": \"What is in the picture?\"}\n");
        refused("what is measured is the continuation behind it, which is the line's \"answer\", or where it has none the last 64 tokens, into which the image reaches; behind an image give an \"answer\"", "convert", reading(), "-o", folder.resolve("z"), "--vision-tower", TOWER, "--budget", "0.8", "--calibration", set);
        Files.writeString(set, "{\"image\": \"none.jpg\", \"text\": \"x\"}\n");
        refused("set.jsonl:1: ", "analyze", reading(), "--vision-tower", TOWER, "--calibration", set);
        refused("takes none", "convert", TEXT_CHECKPOINT, "-o", folder.resolve("y"), "--layers", "arank:2", "--calibration", set);
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
