// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.depthc.integration.bench.MalformedRequests;
import io.github.depthc.integration.bench.RandomRequests;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that are not in order get a 4xx and one line, and leave nothing behind. */
@Timeout(240)
final class HostileRequestsTest {
    private static final int ROUNDS = 3000;

    @TempDir
    private static Path folder;
    private static Path bundle;
    private static Served s;

    @BeforeAll
    static void serve() throws IOException {
        bundle = folder.resolve("stories");
        Served.command("convert", System.getProperty("depthc.root") + "/samples/checkpoints/stories260k", "-o", bundle);
        s = Served.start(bundle, 8, 4);
    }

    @AfterAll
    static void close() {
        s.close();
    }

    private static void assertError(int status, HttpResponse<String> answer) {
        assertEquals(status, answer.statusCode(), answer.body());
        assertEquals(1, answer.body().lines().count(), answer.body());
        JsonNode error = Served.parse(answer.body()).path("error");
        assertTrue(error.path("message").isTextual() && error.path("type").isTextual(), answer.body());
        assertTrue(error.has("param") && error.has("code"), answer.body());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "GET|/index.html|404",
        "POST|/|405",
        "GET|/v1|404",
        "GET|/v1/models/other|404",
        "GET|/v1/completions|405",
        "DELETE|/v1/models|405",
        "POST|/health|405",
        "PUT|/metrics|405",
        "GET|/../../etc/passwd|404",
        "GET|/%2e%2e/x|404",
        "GET|/health/|404",
        "POST|/v1/embeddings|404",
    })
    void unknownPathsAndMethods(String method, String path, int status) throws Exception {
        assertError(status, s.client.send(s.request(path).method(method, HttpRequest.BodyPublishers.noBody()).build(), HttpResponse.BodyHandlers.ofString()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "multipart/form-data; boundary=x"})
    void onlyJsonIsTaken(String type) throws Exception {
        HttpRequest.Builder request = s.request("/v1/completions").POST(HttpRequest.BodyPublishers.ofString("{\"prompt\": \"a\"}"));
        if (!type.isEmpty()) {
            request.header("Content-Type", type);
        }
        assertError(415, s.client.send(request.build(), HttpResponse.BodyHandlers.ofString()));
    }

    @Test
    void whatDoesNotFitIsRefused() throws Exception {
        assertError(413, s.post("/v1/completions", "{\"prompt\": \"" + "a".repeat(1 << 17) + "\"}"));
        assertError(413, s.client.send(s.request("/v1/completions").header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(new byte[1 << 17]))).build(), HttpResponse.BodyHandlers.ofString()));
        HttpResponse<String> tooLong = s.post("/v1/completions", "{\"prompt\": \"" + "a b ".repeat(600) + "\"}");
        assertError(400, tooLong);
        assertEquals("context_length_exceeded", Served.parse(tooLong.body()).at("/error/code").textValue());
        assertError(400, s.post("/v1/completions", "{\"prompt\": \"" + "a b ".repeat(120) + "\", \"max_tokens\": 400}"));
        assertError(400, s.post("/v1/completions", "{\"prompt\": \"a\", \"max_tokens\": 401}"));
        assertError(404, s.post("/v1/completions", "{\"prompt\": \"a\", \"model\": \"gpt\"}"));
    }

    @Test
    void textsThatAreOddButTextAreAnswered() throws Exception {
        for (String text : List.of("\\u0000", "\\ud83d\\ude00", "\\u202e\\ufeff", "<s></s><unk>", " ", "\\n\\t\\u0007")) {
            s.completion("{\"prompt\": \"" + text + "\", \"max_tokens\": 2}");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "GET /health HTTP/1.0\r\n\r\n",
        "GET /health\r\n\r\n",
        "GET /health HTTP/1.1\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: attacker.example\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost:x\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\u0000b\r\n\r\n",
        "GET /he\u0001alth HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /health%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "\u0000\u0001\u0002\r\n\r\n",
        "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n",
        "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{}",
    })
    void whatIsNoHttpIsRefused(String request) throws Exception {
        assertRefused(s.raw(request.getBytes(StandardCharsets.ISO_8859_1)), request);
    }

    // Bodies larger than all buffers between the two: a client that sends before it reads must not lose the answer.
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "POST /v1/completions|413",
        "PUT /v1/completions HTTP/9.9|400",
    })
    void whoIsRefusedWhileSendingGetsTheAnswer(String line, int status) throws Exception {
        var body = new byte[1 << 25];
        String head = (line.contains("HTTP") ? line : line + " HTTP/1.1") + "\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + body.length
                + "\r\n\r\n";
        try (var socket = new Socket("127.0.0.1", s.server.port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(body);
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(answer.startsWith("HTTP/1.1 " + status + " ") && answer.endsWith("}\n"), answer);
        }
    }

    @Test
    void theRestOfARefusedBodyIsNoRequest() throws Exception {
        String inner = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
        String answer = s.raw(("POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + inner.length() + "\r\n\r\n" + inner).getBytes(StandardCharsets.US_ASCII));
        assertTrue(answer.startsWith("HTTP/1.1 405 "), answer);
        assertEquals(1, answer.split("HTTP/1.1 ", -1).length - 1, answer);
    }

    @Test
    void aHeadIsAnsweredWithoutABody() throws Exception {
        for (String path : List.of("/health", "/", "/v1/models", "/metrics", "/v1/completions", "/nothing")) {
            String answer = s.raw(("HEAD " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            int second = answer.indexOf("HTTP/1.1 200", 1);
            assertTrue(second > 0 && answer.substring(0, second).endsWith("\r\n\r\n"), answer);
            assertTrue(answer.substring(0, second).toLowerCase(Locale.ROOT).matches("(?s).*content-length: [1-9].*"), answer);
        }
    }

    /** A pause of 30 s ends a request, wherever it is. */
    @Test
    void whoStopsInTheMiddleIsCutOff() throws Exception {
        String post = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"prompt\": ";
        try (var body = new Socket("127.0.0.1", s.server.port()); var head = new Socket("127.0.0.1", s.server.port())) {
            body.setSoTimeout(50_000);
            head.setSoTimeout(50_000);
            body.getOutputStream().write(post.getBytes(StandardCharsets.US_ASCII));
            head.getOutputStream().write("GET /health HT".getBytes(StandardCharsets.US_ASCII));
            String answer = new String(body.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(answer.startsWith("HTTP/1.1 408 ") && answer.contains("the body did not come within 30 s"), answer);
            String other = new String(head.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(other.isEmpty() || other.startsWith("HTTP/1.1 4"), other);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{\"prompt\": \"a\", \"temperature\": NaN}|Non-standard token 'NaN' (line 1, ",
        "{\"prompt\": 1.0000000000000000000000000000000000000000000000000000000000000000000000}|Number value length (71) exceeds the maximum allowed (64)",
        "{\"prompt\": \"a\", \"stop\": [\"1\", \"2\", \"3\", \"4\", \"5\"]}|stop has 5 texts, expected up to 4",
        "{\"prompt\": \"a\", \"stop\": \"\"}|stop has a text of 0 characters, expected up to 4",
        "{\"prompt\": []}|prompt is an empty array, expected a string",
        "{\"prompt\": \"a\", \"max_tokens\": 1.5}|max_tokens is the number 1.5, expected a whole number from 1 to 400",
    })
    void whatIsWrongIsSaidInTheClientsTerms(String json, String message) throws Exception {
        HttpResponse<String> answer = s.post("/v1/completions", json);
        assertError(400, answer);
        String said = Served.parse(answer.body()).at("/error/message").textValue();
        assertTrue(said.contains(message), said);
    }

    @Test
    void wholeNumbersMayHaveAPoint() throws Exception {
        assertEquals(200, s.post("/v1/completions", "{\"prompt\": \"a\", \"max_tokens\": 2.0}").statusCode());
    }

    @Test
    void connectionsCloseWhereTheClientAsksForIt() throws Exception {
        try (var socket = new Socket("127.0.0.1", s.server.port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(answer.startsWith("HTTP/1.1 200 "), answer);
        }
    }

    @Test
    void whoIsRefusedAndSilentIsCutOff() throws Exception {
        try (var socket = new Socket("127.0.0.1", s.server.port())) {
            socket.getOutputStream().write("POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            socket.setSoTimeout(20_000);
            long start = System.nanoTime();
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(answer.startsWith("HTTP/1.1 405 "), answer);
            assertTrue(Duration.ofNanos(System.nanoTime() - start).toSeconds() < 10, "it is silent, and the connection stays");
        }
    }

    @Test
    void longHeadersAreRefused() throws Exception {
        assertRefused(s.raw(("GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + "a".repeat(1 << 16) + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII)), "long header");
        assertRefused(s.raw(("GET /" + "a".repeat(1 << 16) + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII)), "long path");
        assertRefused(s.raw(("GET /health HTTP/1.1\r\nHost: localhost\r\n" + "X: a\r\n".repeat(1 << 14) + "\r\n").getBytes(StandardCharsets.US_ASCII)), "many headers");
    }

    // Refused with a 4xx, or without a word where not even that could be sent.
    private static void assertRefused(String answer, String request) {
        assertTrue(answer.isEmpty() || answer.startsWith("HTTP/1.1 4"), request + " -> " + answer);
    }

    /** CHUNKS is a completion up to its body. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "GET /health HTTP/1.0\\r\\n\\r\\n|400|the request is HTTP/1.0, expected HTTP/1.1",
        "GET /health HTTP/1.1\\r\\n\\r\\n|400|what this server does not support (Host header must be present in the request)",
        "GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nnothing\\r\\n\\r\\n|400|(Invalid header, missing colon)",
        "GET /health HTTP/1.1\\r\\nHost: localhost\\r\\n: x\\r\\n\\r\\n|400|a header of the request has no name",
        "GET /health HTTP/9.9\\r\\nHost: localhost\\r\\n\\r\\n|400|the request is not valid HTTP/1.1, or uses what this server does not support",
        "GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nX: LONG\\r\\n\\r\\n|431|the headers of the request have more than 16384 bytes",
        "GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nMANY\\r\\n|431|the headers of the request have more than 16384 bytes",
        "GET /LONG HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n|414|the first line of the request is too long",
        "CHUNKS2;a=b\\r\\n{}\\r\\n0\\r\\n\\r\\n|400|extensions of chunks or trailers, which this server does not take",
        "CHUNKS2\\r\\n{}\\r\\n0\\r\\nX: a\\r\\n\\r\\n|400|extensions of chunks or trailers, which this server does not take",
        "CHUNKSzz\\r\\n{}\\r\\n0\\r\\n\\r\\n|400|a length is no hexadecimal number",
        "CHUNKS5\\r\\n{}|400|the body is cut short",
    })
    void whatIsWrongWithTheHttpIsSaid(String request, int status, String message) throws Exception {
        String sent = request.replace("\\r\\n", "\r\n").replace("LONG", "a".repeat(20_000)).replace("MANY", "X: abc\r\n".repeat(3000))
                .replace("CHUNKS", "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
        String answer = s.raw(sent.getBytes(StandardCharsets.US_ASCII));
        assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
        String body = answer.substring(answer.indexOf("\r\n\r\n") + 4);
        assertEquals(1, body.lines().count(), body);
        assertTrue(Served.parse(body).at("/error/message").asText().contains(message), body);
    }

    @Test
    void withoutTheKeyThereIsNothing() throws Exception {
        try (Served closed = Served.withKey(bundle, "a-secret-key")) {
            assertEquals(200, closed.get("/health").statusCode());
            for (String path : List.of("/v1/models", "/metrics", "/anything")) {
                assertError(401, closed.get(path));
            }
            assertError(401, closed.post("/v1/completions", "{\"prompt\": \"a\"}"));
            for (String header : List.of("Bearer wrong", "a-secret-key", "Bearer", "Basic a-secret-key", "Bearer a-secret-ke")) {
                assertError(401, closed.client.send(closed.request("/v1/models").header("Authorization", header).build(), HttpResponse.BodyHandlers.ofString()));
            }
            assertEquals(200, closed.client.send(closed.request("/v1/models").header("Authorization", "Bearer a-secret-key").build(),
                    HttpResponse.BodyHandlers.ofString()).statusCode());
        }
    }

    /** Whatever is wrong for certain gets a 4xx; an empty answer is to a request that ended before it was whole. */
    @ParameterizedTest
    @EnumSource(MalformedRequests.class)
    void malformedRequestsGetFourHundreds(MalformedRequests kind) throws Exception {
        var random = new Random(13);
        int answered = 0;
        for (int i = 0; i < ROUNDS / 10; i++) {
            byte[] request = kind.next(random);
            String answer = s.raw(request);
            assertRefused(answer, new String(request, StandardCharsets.ISO_8859_1));
            answered += answer.isEmpty() ? 0 : 1;
        }
        assertTrue(answered > ROUNDS / 20, answered + " answers");
        assertEquals(List.of(), s.failures);
    }

    @Test
    void randomRequestsGetFourHundredsAndLeaveNothing() throws Exception {
        var random = new Random(11);
        for (int i = 0; i < ROUNDS; i++) {
            byte[] request = RandomRequests.next(random);
            String answer = s.raw(request).replace("HTTP/1.1 100 Continue\r\n\r\n", "");
            assertTrue(answer.isEmpty() || answer.startsWith("HTTP/1.1 4") || answer.startsWith("HTTP/1.1 2"),
                    () -> new String(request, StandardCharsets.ISO_8859_1) + " -> " + answer);
        }
        Served.await(() -> s.server.requests() == 0, "all requests");
        assertEquals(List.of(), s.failures);
        s.completion("{\"prompt\": \"a\", \"max_tokens\": 2}");
    }
}
