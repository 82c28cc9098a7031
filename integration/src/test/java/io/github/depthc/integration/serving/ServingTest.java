// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The real checkpoint, converted and served. */
@Timeout(240)
final class ServingTest {
    private static final String PROMPT = "Once upon a time";

    @TempDir
    private static Path folder;
    private static Path bundle;

    @BeforeAll
    static void convert() {
        bundle = folder.resolve("stories");
        Served.command("convert", System.getProperty("depthc.root") + "/samples/checkpoints/stories260k", "-o", bundle);
    }

    private static String greedy(int tokens, String more) {
        return "{\"prompt\": \"" + PROMPT + "\", \"temperature\": 0, \"max_tokens\": " + tokens + more + "}";
    }

    @Test
    void answersAreWhatRunPrints() throws Exception {
        String expected = Served.command("run", bundle, "--prompt", PROMPT, "--max-new-tokens", 60);
        try (Served s = Served.start(bundle, 8, 4)) {
            JsonNode answer = s.completion(greedy(60, ", \"model\": \"stories\""));
            assertEquals(expected, answer.at("/choices/0/text").textValue());
            assertEquals("length", answer.at("/choices/0/finish_reason").textValue());
            assertEquals(60, answer.at("/usage/completion_tokens").intValue());
            assertEquals(5, answer.at("/usage/prompt_tokens").intValue());
            JsonNode kept = answer.at("/usage/kept_per_layer");
            int skipped = 0;
            for (JsonNode k : kept) {
                skipped += 5 - k.intValue();
            }
            assertEquals(5, kept.size());
            assertTrue(skipped > 0);
            assertEquals(skipped, answer.at("/usage/tokens_skipped").intValue());
            // The same as ids.
            var ids = new StringBuilder();
            for (long id : s.tokenizer.encode(PROMPT)) {
                ids.append(ids.isEmpty() ? "" : ",").append(id);
            }
            assertEquals(expected, s.text("{\"prompt\": [" + ids + "], \"temperature\": 0, \"max_tokens\": 60}"));
        }
    }

    /** Which tokens each layer processed, before the first piece of text, where that is asked for and only there. */
    @Test
    void aStreamTellsTheRoutingThatIsAskedFor() throws Exception {
        try (Served s = Served.start(bundle, 8, 4)) {
            String prompt = "{\"prompt\": \"Once upon a time there was a little dog\", \"temperature\": 0, \"max_tokens\": 4, \"stream\": true, \"stream_options\": ";
            List<JsonNode> events = s.events("/v1/completions", prompt + "{\"include_usage\": true, \"include_routing\": true}}");
            JsonNode routing = events.getFirst().path("routing");
            int tokens = events.getLast().at("/usage/prompt_tokens").intValue();
            assertEquals(tokens, routing.path("tokens").size());
            JsonNode kept = events.getLast().at("/usage/kept_per_layer");
            for (int l = 0; l < kept.size(); l++) {
                JsonNode layer = routing.path("layers").get(l);
                assertEquals(l, layer.path("layer").intValue());
                assertEquals(kept.get(l), layer.path("processed"));
                assertEquals(kept.get(l).intValue() < tokens ? kept.get(l).intValue() : 0, layer.path("kept").size(), "layer " + l);
                // the first token and the last are always processed
                if (layer.has("kept")) {
                    assertEquals(0, layer.path("kept").get(0).intValue());
                    assertEquals(tokens - 1, layer.path("kept").get(layer.path("kept").size() - 1).intValue());
                }
            }
            assertTrue(s.events("/v1/completions", prompt + "{\"include_usage\": true}}").stream().noneMatch(e -> e.has("routing")));
        }
    }

    @Test
    void errorsNameTheFieldThatIsWrong() throws Exception {
        String user = "{\"messages\": [{\"role\": \"user\", \"content\": \"%s\"}]";
        String longer = "dog ".repeat(700);
        try (Served s = Served.start(bundle, 8, 4)) {
            assertEquals("model_not_found model", wrong(s, "/v1/completions", "{\"prompt\": \"a\", \"model\": \"none\"}"));
            assertEquals("context_length_exceeded prompt", wrong(s, "/v1/completions", "{\"prompt\": \"" + longer + "\"}"));
            assertEquals("context_length_exceeded messages", wrong(s, "/v1/chat/completions", user.formatted(longer) + "}"));
            assertEquals("context_length_exceeded max_tokens", wrong(s, "/v1/completions", "{\"prompt\": \"" + "dog ".repeat(150) + "\", \"max_tokens\": 400}"));
            assertEquals("null max_tokens", wrong(s, "/v1/completions", "{\"prompt\": \"a\", \"max_tokens\": 0}"));
        }
    }

    /** An error's code and the field it names. */
    private static String wrong(Served s, String path, String body) throws Exception {
        JsonNode error = Served.parse(s.post(path, body).body()).path("error");
        return error.path("code").asText() + " " + error.path("param").asText();
    }

    @Test
    void thePageIsServedWithItsPolicy() throws Exception {
        try (Served s = Served.start(bundle, 8, 4)) {
            for (String path : List.of("/", "/page.css", "/page.js")) {
                HttpResponse<String> page = s.get(path);
                assertEquals(200, page.statusCode(), path);
                assertTrue(page.headers().firstValue("Content-Security-Policy").orElseThrow().startsWith("default-src 'none'"), path);
            }
            assertEquals(404, s.get("/page.html").statusCode());
        }
    }

    @Test
    void aStreamHasTheSameTextInPieces() throws Exception {
        try (Served s = Served.start(bundle, 8, 4)) {
            String whole = s.text(greedy(60, ""));
            List<JsonNode> events = s.events("/v1/completions", greedy(60, ", \"stream\": true, \"stream_options\": {\"include_usage\": true}"));
            var text = new StringBuilder();
            events.forEach(e -> text.append(e.at("/choices/0/text").asText("")));
            assertEquals(whole, text.toString());
            assertEquals("length", events.get(events.size() - 2).at("/choices/0/finish_reason").textValue());
            assertEquals(0, events.getLast().at("/choices").size());
            assertEquals(60, events.getLast().at("/usage/completion_tokens").intValue());
        }
    }

    @Test
    void chatsAreAnswered() throws Exception {
        String chat = "{\"messages\": [{\"role\": \"user\", \"content\": \"" + PROMPT + "\"}], \"temperature\": 0, \"max_tokens\": 20";
        try (Served s = Served.start(bundle, 8, 4)) {
            HttpResponse<String> whole = s.post("/v1/chat/completions", chat + "}");
            assertEquals(200, whole.statusCode(), whole.body());
            String content = Served.parse(whole.body()).at("/choices/0/message/content").textValue();
            List<JsonNode> events = s.events("/v1/chat/completions", chat + ", \"stream\": true}");
            assertEquals("assistant", events.getFirst().at("/choices/0/delta/role").textValue());
            var text = new StringBuilder();
            events.forEach(e -> text.append(e.at("/choices/0/delta/content").asText("")));
            assertEquals(content, text.toString());
            assertFalse(content.isEmpty());
        }
    }

    @Test
    void stopStringsEndTheAnswer() throws Exception {
        try (Served s = Served.start(bundle, 8, 4)) {
            String whole = s.text(greedy(60, ""));
            JsonNode stopped = s.completion(greedy(60, ", \"stop\": [\"One day\", \"xyz\"]"));
            assertEquals(whole.substring(0, whole.indexOf("One day")), stopped.at("/choices/0/text").textValue());
            assertEquals("stop", stopped.at("/choices/0/finish_reason").textValue());
            assertTrue(stopped.at("/usage/completion_tokens").intValue() < 60);
            s.engine.nanos = 5_000_000; // slower than its reader
            s.completion(greedy(400, ", \"stop\": \"One day\""));
            Served.await(() -> s.metric("depthc_requests_total{outcome=\"stop\"}") >= 1, "the outcome");
            assertEquals(0, s.metric("depthc_requests_total{outcome=\"cancelled\"}"));
            s.engine.nanos = 0;
            var text = new StringBuilder();
            s.events("/v1/completions", greedy(60, ", \"stop\": \"One day\", \"stream\": true")).forEach(e -> text.append(e.at("/choices/0/text").asText("")));
            assertEquals(stopped.at("/choices/0/text").textValue(), text.toString());
            Served.await(() -> s.server.requests() == 0, "the slot");
            // What only begins like a stop string at the very end is shown.
            String begun = whole.substring(whole.length() - 4) + "#";
            for (int i = 0; i < 20; i++) {
                assertEquals(whole, s.text(greedy(60, ", \"stop\": \"" + begun + "\"")));
            }
        }
    }

    @Test
    void theSeedDecides() throws Exception {
        try (Served s = Served.start(bundle, 8, 4)) {
            String first = s.text("{\"prompt\": \"" + PROMPT + "\", \"max_tokens\": 40, \"seed\": 1}");
            assertEquals(first, s.text("{\"prompt\": \"" + PROMPT + "\", \"max_tokens\": 40, \"seed\": 1}"));
            assertNotEquals(first, s.text("{\"prompt\": \"" + PROMPT + "\", \"max_tokens\": 40, \"seed\": 2}"));
            assertEquals(Served.command("run", bundle, "--prompt", PROMPT, "--max-new-tokens", 40, "--temperature", 1, "--seed", 1), first);
        }
    }

    @Test
    void twentyTogetherGetWhatEachGetsAlone() throws Exception {
        List<String> starts = List.of("Once upon a time", "Lily and Tom", "The dog", "One day, a boy named Tim went to the park with his mom. He saw a");
        var requests = new ArrayList<String>();
        for (int i = 0; i < 20; i++) {
            requests.add("{\"prompt\": \"" + starts.get(i % starts.size()) + "\", \"max_tokens\": " + (20 + 17 * i % 150) + ", \"temperature\": " + (i % 3 == 0 ? 0 : 0.9)
                    + ", \"seed\": " + i + "}");
        }
        try (Served s = Served.start(bundle, 64, 8)) {
            var alone = new ArrayList<String>();
            for (String r : requests) {
                alone.add(s.text(r));
            }
            double steps = s.metric("depthc_decode_steps_total");
            for (int round = 0; round < 3; round++) {
                try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
                    List<Future<String>> together = requests.stream().map(r -> pool.submit(() -> s.text(r))).toList();
                    for (int i = 0; i < requests.size(); i++) {
                        assertEquals(alone.get(i), together.get(i).get(), requests.get(i));
                    }
                }
            }
            double batched = s.metric("depthc_decode_steps_total") - steps;
            assertTrue(batched < 3 * steps / 2, "they ran together: " + batched + " steps, alone " + 3 * steps);
            assertEquals(List.of(), s.failures);
        }
    }

    @Test
    void tooManyAreSentAwayAndComeBackLater() throws Exception {
        try (Served s = Served.start(bundle, 2, 1)) {
            s.engine.nanos = 20_000_000;
            var busy = new ArrayList<CompletableFuture<HttpResponse<String>>>();
            for (int i = 0; i < 2; i++) {
                busy.add(s.client.sendAsync(s.request("/v1/completions").header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(greedy(50, ""))).build(), HttpResponse.BodyHandlers.ofString()));
            }
            Served.await(() -> s.server.requests() == 2, "two requests");
            HttpResponse<String> refused = s.post("/v1/completions", greedy(5, ""));
            assertEquals(429, refused.statusCode());
            assertTrue(Integer.parseInt(refused.headers().firstValue("retry-after").orElse("")) >= 1);
            assertEquals("rate_limit_error", Served.parse(refused.body()).at("/error/type").textValue());
            for (CompletableFuture<HttpResponse<String>> b : busy) {
                assertEquals(200, b.get().statusCode());
            }
            s.engine.nanos = 0;
            s.text(greedy(5, ""));
        }
    }

    @Test
    void aClientThatGoesFreesItsSlot() throws Exception {
        for (boolean stream : List.of(true, false)) {
            try (Served s = Served.start(bundle, 8, 4)) {
                s.engine.nanos = 20_000_000; // 400 tokens take 8 s
                String body = greedy(400, ", \"stream\": " + stream);
                try (Socket socket = new Socket("127.0.0.1", s.server.port())) {
                    socket.getOutputStream().write(("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + body.length()
                            + "\r\n\r\n" + body).getBytes(StandardCharsets.US_ASCII));
                    Served.await(() -> s.server.requests() == 1, "the request");
                    if (stream) {
                        assertTrue(socket.getInputStream().read() >= 0);
                    }
                    Thread.sleep(500);
                    assertEquals(1, s.server.requests());
                }
                long gone = System.nanoTime();
                Served.await(() -> s.server.requests() == 0, "the slot");
                assertTrue(System.nanoTime() - gone < Duration.ofSeconds(3).toNanos(), "it was not let run to its end");
                assertEquals(1, s.metric("depthc_requests_total{outcome=\"cancelled\"}"));
                assertEquals(List.of(), s.failures);
            }
        }
    }

    /** What the system keeps of an answer does not hide that nobody reads it; who reads gets the same answer to its end. */
    @Test
    void aClientThatNeverReadsFreesItsSlot() throws Exception {
        try (Served s = Served.impatient(bundle, 64)) {
            s.engine.nanos = 5_000_000;
            String body = greedy(400, ", \"stream\": true");
            try (Socket socket = new Socket()) {
                socket.setReceiveBufferSize(4096);
                socket.connect(new InetSocketAddress("127.0.0.1", s.server.port()));
                socket.getOutputStream().write(("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + body.length()
                        + "\r\n\r\n" + body).getBytes(StandardCharsets.US_ASCII));
                Served.await(() -> s.server.requests() == 1, "the request");
                Served.await(() -> s.server.requests() == 0, "the slot");
                assertEquals(1, s.metric("depthc_requests_total{outcome=\"slow_reader\"}"), s.metric("depthc_generated_tokens_total") + " tokens");
            }
            s.events("/v1/completions", body);
            assertEquals(1, s.metric("depthc_requests_total{outcome=\"length\"}"));
        }
    }

    @Test
    void aConnectionServesSlowAnswersOneAfterTheOther() throws Exception {
        try (Served s = Served.start(bundle, 8, 4)) {
            s.engine.nanos = 20_000_000;
            String first = s.text(greedy(20, "")); // longer than a connection is left unwatched
            assertEquals(first, s.text(greedy(20, "")));
        }
    }

    @Test
    void shuttingDownFinishesWhatRuns() throws Exception {
        try (Served s = Served.start(bundle, 8, 4)) {
            String expected = s.text(greedy(50, ""));
            s.engine.nanos = 10_000_000;
            CompletableFuture<HttpResponse<String>> running = s.client.sendAsync(s.request("/v1/completions").header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(greedy(50, ""))).build(), HttpResponse.BodyHandlers.ofString());
            Served.await(() -> s.server.requests() == 1, "the request");
            CompletableFuture<Boolean> drained = CompletableFuture.supplyAsync(() -> {
                try {
                    return s.server.drain(Duration.ofSeconds(60));
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            Served.await(() -> {
                try {
                    return s.post("/v1/completions", greedy(1, "")).statusCode() == 503;
                } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }, "new requests to be refused");
            assertTrue(drained.get());
            assertEquals(503, s.get("/health").statusCode());
            s.server.close();
            assertEquals(expected, Served.parse(running.get().body()).at("/choices/0/text").textValue());
        }
    }

    @Test
    void closingTellsTheClientsOfWhatItCutsShort() throws Exception {
        try (Served s = Served.start(bundle, 8, 4)) {
            s.engine.nanos = 20_000_000;
            HttpResponse<InputStream> stream = s.client.send(s.request("/v1/completions").header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(greedy(400, ", \"stream\": true"))).build(), HttpResponse.BodyHandlers.ofInputStream());
            assertFalse(s.server.drain(Duration.ofMillis(50)));
            s.server.close();
            String text = new String(stream.body().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(text.contains("\"message\":\"the server is shutting down\""), text);
            assertTrue(text.endsWith("data: [DONE]\n\n"), text);
        }
    }
}
