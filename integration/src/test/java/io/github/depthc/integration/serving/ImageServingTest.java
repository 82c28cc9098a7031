// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.frontend.synth.Synth;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.TensorType;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A LLaVA checkpoint of random weights with a tokenizer, converted and served: pictures in requests. */
@Timeout(240)
final class ImageServingTest {
    private static final Path ROOT = Path.of(System.getProperty("depthc.root"));
    private static final Path TOWER = ROOT.resolve("integration/src/test/resources/goldens-llava/tower");
    private static final Path PICTURES = ROOT.resolve("image/src/test/resources/goldens/pictures");
    private static final Path STORIES = ROOT.resolve("samples/checkpoints/stories260k");
    private static final Path PHOTO = PICTURES.resolve("jpeg420.jpg"); // 201 x 149
    private static final Path OTHER = PICTURES.resolve("cmyk.jpg");
    /** Tokens of an image. */
    private static final int TOKENS = 36;

    @TempDir
    private static Path folder;
    private static Path bundle;
    private static Path text;

    @BeforeAll
    static void convert() throws IOException {
        Path checkpoint = folder.resolve("checkpoint");
        JsonObject config = JsonObject.parse("""
                {"architectures": ["LlavaLlamaForCausalLM"], "model_type": "llava_llama", "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 5,
                 "num_attention_heads": 4, "max_position_embeddings": 512, "vocab_size": 512, "rms_norm_eps": 1e-5, "bos_token_id": 1, "eos_token_id": 2,
                 "mm_vision_tower": "tower", "mm_projector_type": "mlp2x_gelu", "mm_vision_select_layer": -2, "image_aspect_ratio": "pad",
                 "tokenizer_model_max_length": 400}
                """, "config.json");
        var tensors = new LinkedHashMap<>(Importer.tensors(config, DType.F32));
        for (String name : new String[] {"0", "2"}) {
            tensors.put("model.mm_projector." + name + ".weight", TensorType.fixed(DType.F32, 32, name.equals("0") ? 24 : 32));
            tensors.put("model.mm_projector." + name + ".bias", TensorType.fixed(DType.F32, 32));
        }
        Synth.write(checkpoint, config, tensors, 3, Long.MAX_VALUE, (done, total) -> { });
        Files.copy(STORIES.resolve("tokenizer.json"), checkpoint.resolve("tokenizer.json"));
        bundle = folder.resolve("bundle");
        Served.command("convert", checkpoint, "-o", bundle, "--vision-tower", TOWER);
        text = folder.resolve("text");
        Served.command("convert", STORIES, "-o", text);
    }

    private static String picture(Path file) throws IOException {
        return "{\"type\": \"image_url\", \"image_url\": {\"url\": \"data:image/jpeg;base64," + Base64.getEncoder().encodeToString(Files.readAllBytes(file)) + "\"}}";
    }

    private static String words(String text) {
        return "{\"type\": \"text\", \"text\": \"" + text + "\"}";
    }

    private static String chat(String more, String... parts) {
        return "{\"messages\": [{\"role\": \"user\", \"content\": [" + String.join(", ", parts) + "]}], \"temperature\": 0, \"max_tokens\": 12" + more + "}";
    }

    private static JsonNode answer(Served served, String chat) throws IOException, InterruptedException {
        HttpResponse<String> answer = served.post("/v1/chat/completions", chat);
        assertEquals(200, answer.statusCode(), answer.body());
        return Served.parse(answer.body());
    }

    private static String content(JsonNode answer) {
        return answer.at("/choices/0/message/content").textValue();
    }

    private static JsonNode run(Object... more) {
        var args = new ArrayList<Object>(List.of("run", bundle, "--max-new-tokens", 12, "--json"));
        args.addAll(Arrays.asList(more));
        return Served.parse(Served.command(args.toArray()));
    }

    private static void isWhatRunSays(JsonNode run, JsonNode answer) {
        assertEquals(run.path("text").textValue(), content(answer));
        JsonNode usage = answer.path("usage");
        assertEquals(run.path("prompt_tokens"), usage.path("prompt_tokens"));
        assertEquals(run.path("vision_tokens"), usage.path("image_tokens"));
        assertEquals(run.path("kept_per_layer"), usage.path("kept_per_layer"));
        assertTrue(usage.path("tokens_skipped").intValue() > 0, usage.toString());
    }

    @Test
    void answersAreWhatRunPrints() throws Exception {
        try (Served s = Served.start(bundle, 8, 4)) {
            JsonNode one = answer(s, chat("", words("What is it?"), picture(PHOTO)));
            isWhatRunSays(run("--image", PHOTO, "--prompt", "What is it?"), one);
            assertEquals(TOKENS, one.at("/usage/image_tokens").intValue());
            JsonNode other = answer(s, chat("", words("What is it?"), picture(OTHER)));
            assertNotEquals(content(one), content(other), "the picture matters");
            JsonNode two = answer(s, chat("", picture(OTHER), picture(PHOTO), words("What <image> differs <image> here?")));
            isWhatRunSays(run("--image", OTHER, "--image", PHOTO, "--prompt", "What <image> differs <image> here?"), two);
            assertEquals(2 * TOKENS, two.at("/usage/image_tokens").intValue());
            JsonNode brief = answer(s, "{\"messages\": [{\"role\": \"system\", \"content\": \"Be brief.\"}, {\"role\": \"user\", \"content\": [" + picture(PHOTO) + ", "
                    + words("Who?") + "]}], \"temperature\": 0, \"max_tokens\": 12}");
            isWhatRunSays(run("--image", PHOTO, "--system", "Be brief.", "--prompt", "Who?"), brief);
            JsonNode none = answer(s, chat("", words("Who?")));
            assertEquals(run("--prompt", "Who?").path("text").textValue(), content(none));
            assertTrue(none.at("/usage/image_tokens").isMissingNode());
            assertEquals(0, none.at("/usage/tokens_skipped").intValue(), "of text no token is skipped");
            assertEquals(List.of(), s.failures);
        }
    }

    @Test
    void aStreamTellsWhichTokensAreOfImages() throws Exception {
        try (Served s = Served.start(bundle, 8, 4)) {
            List<JsonNode> events = s.events("/v1/chat/completions",
                    chat(", \"stream\": true, \"stream_options\": {\"include_usage\": true, \"include_routing\": true}", picture(PHOTO), words("What?"), picture(OTHER)));
            JsonNode routing = events.stream().filter(e -> e.has("routing")).findFirst().orElseThrow().path("routing");
            JsonNode usage = events.getLast().path("usage");
            assertEquals(usage.path("prompt_tokens").intValue(), routing.path("tokens").size());
            var labels = new ArrayList<String>();
            routing.path("tokens").forEach(t -> labels.add(t.textValue()));
            assertEquals(TOKENS, labels.stream().filter("⟨image 1⟩"::equals).count());
            assertEquals(TOKENS, labels.stream().filter("⟨image 2⟩"::equals).count());
            int skipped = 0;
            for (JsonNode layer : routing.path("layers")) {
                skipped += labels.size() - layer.path("processed").intValue();
                if (layer.has("kept")) {
                    var kept = new ArrayList<Integer>();
                    layer.path("kept").forEach(k -> kept.add(k.intValue()));
                    for (int t = 0; t < labels.size(); t++) {
                        assertTrue(kept.contains(t) || labels.get(t).startsWith("⟨image "), "text is always processed: token " + t);
                    }
                }
            }
            assertEquals(usage.path("tokens_skipped").intValue(), skipped);
        }
    }

    /** Prompts of text, of one and of two images, together in one batch. */
    @Test
    void togetherIsTheSameAsAlone() throws Exception {
        var requests = new ArrayList<String>();
        for (int i = 0; i < 4; i++) {
            requests.add(chat(", \"seed\": " + i, words("Once upon a time, part " + i)));
            requests.add(chat("", picture(i % 2 == 0 ? PHOTO : OTHER), words("Tell me " + i)));
            requests.add(chat("", picture(PHOTO), picture(OTHER), words("And " + i)));
        }
        try (Served s = Served.start(bundle, 64, 8)) {
            var alone = new ArrayList<String>();
            for (String r : requests) {
                alone.add(content(answer(s, r)));
            }
            double steps = s.metric("depthc_decode_steps_total");
            try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
                List<Future<String>> together = requests.stream().map(r -> pool.submit(() -> content(answer(s, r)))).toList();
                for (int i = 0; i < requests.size(); i++) {
                    assertEquals(alone.get(i), together.get(i).get(), requests.get(i));
                }
            }
            double batched = s.metric("depthc_decode_steps_total") - steps;
            assertTrue(batched < steps, "they ran together: " + batched + " steps, alone " + steps);
            assertEquals(List.of(), s.failures);
        }
    }

    private static void refused(Served s, String path, int status, String json, String message) throws IOException, InterruptedException {
        HttpResponse<String> answer = s.post(path, json);
        String said = Served.parse(answer.body()).at("/error/message").textValue();
        assertEquals(status, answer.statusCode(), said);
        assertTrue(said.contains(message), said);
        assertEquals(1, answer.body().lines().count());
    }

    @Test
    void whatIsWrongIsSaid() throws Exception {
        String path = "/v1/chat/completions";
        try (Served s = Served.start(bundle, 8, 4)) {
            refused(s, path, 400, chat("", "{\"type\": \"image_url\", \"image_url\": {\"url\": \"https://example.org/a.png\"}}", words("x")), "this server fetches nothing");
            refused(s, path, 400, chat("", "{\"type\": \"image_url\", \"image_url\": {\"url\": \"data:image/png;base64,AAAA\"}}", words("x")),
                    "messages[0].content[0].image_url.url: is of no known picture format, expected a JPEG, PNG or WebP picture");
            refused(s, path, 400, chat("", words("What is <image>?")), "has 1 place for an image (<image>, the token id -200) and 0 images are given");
            refused(s, path, 400, chat("", picture(PHOTO), picture(PHOTO), words("What is <image>?")), "has 1 place for an image (<image>, the token id -200) and 2 images are given");
            String tiny = picture(PICTURES.resolve("tiny.png"));
            refused(s, path, 400, chat("", words("x") + (", " + tiny).repeat(8)), "at which the model cuts prompts with images");
            refused(s, path, 400, chat("", words("x") + (", " + tiny).repeat(20)), "(the model's context is 512)");
            Path large = folder.resolve("large.png");
            ImageIO.write(new BufferedImage(Served.PIXELS / 100 + 1, 100, BufferedImage.TYPE_INT_RGB), "png", large.toFile());
            refused(s, path, 400, chat("", picture(large), words("x")), "expected at most " + Served.PIXELS);
            refused(s, path, 413, chat("", words("x") + (", " + picture(PHOTO)).repeat(10)), "the body has more than 65536 bytes");
            assertEquals(0, s.server.requests());
            assertEquals(List.of(), s.failures);
        }
        try (Served s = Served.start(text, 8, 4)) {
            refused(s, path, 400, chat("", picture(PHOTO), words("x")), "messages[0].content[0].type is \"image_url\", but this model takes no images");
        }
    }
}
