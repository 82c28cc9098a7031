// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.cli.Main;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Terminals;
import io.github.depthc.cli.deploy.DeployedModel;
import io.github.depthc.frontend.tokenizer.Tokenizer;
import io.github.depthc.cli.run.DeviceKind;
import io.github.depthc.server.ModelServer;
import io.github.depthc.server.ServedModel;
import io.github.depthc.server.ServerOptions;
import io.github.depthc.server.batch.BatchLimits;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** A server in this process, and ways to call it. */
final class Served implements AutoCloseable {
    /** Pixels of an image, at most. */
    static final int PIXELS = 50_000;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final DeployedModel model;
    final SlowedEngine engine;
    final Tokenizer tokenizer;
    final ModelServer server;
    final List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private Served(Path bundle, BatchLimits limits, Optional<String> key, Optional<Engine> other) throws IOException {
        model = DeployedModel.open(Bundle.open(bundle), DeviceKind.CPU, OrtOptions.DEFAULT.withThreads(2), new Console(OutputStream.nullOutputStream(), OutputStream.nullOutputStream(), true, Terminals.NONE), "stories", false);
        engine = new SlowedEngine(other.orElse(model.served().engine()));
        tokenizer = model.served().tokenizer();
        server = ModelServer.start(new ServerOptions("127.0.0.1", 0, key, limits, 1 << 16, PIXELS, Integer.MAX_VALUE, 400, Duration.ofMinutes(2)),
                new ServedModel("stories", engine, tokenizer, model.served().template(), model.served().vision()), failures::add);
    }

    static Served start(Path bundle, int requests, int rows) throws IOException {
        return new Served(bundle, new BatchLimits(requests, rows, 1L << 30, 1024), Optional.empty(), Optional.empty());
    }

    /** The same with another engine in the place of the CPU's; it stays the caller's. */
    static Served start(Path bundle, int requests, int rows, Engine engine) throws IOException {
        return new Served(bundle, new BatchLimits(requests, rows, 1L << 30, 1024), Optional.empty(), Optional.of(engine));
    }

    /** @param unread tokens that a client may leave unread */
    static Served impatient(Path bundle, int unread) throws IOException {
        return new Served(bundle, new BatchLimits(8, 4, 1L << 30, unread), Optional.empty(), Optional.empty());
    }

    static Served withKey(Path bundle, String key) throws IOException {
        return new Served(bundle, new BatchLimits(8, 8, 1L << 30, 1024), Optional.of(key), Optional.empty());
    }

    /** Runs a command; its standard output. */
    static String command(Object... args) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        int code = Main.run(new Console(out, err, true, Terminals.NONE), Arrays.stream(args).map(Object::toString).toArray(String[]::new));
        assertEquals(0, code, () -> err.toString(StandardCharsets.UTF_8));
        return out.toString(StandardCharsets.UTF_8);
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(uri(path)).timeout(Duration.ofMinutes(2));
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(request(path).build(), HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> post(String path, String json) throws IOException, InterruptedException {
        return client.send(request(path).header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(json)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /** The answer to a completion that must succeed. */
    JsonNode completion(String json) throws IOException, InterruptedException {
        HttpResponse<String> answer = post("/v1/completions", json);
        assertEquals(200, answer.statusCode(), answer.body());
        return JSON.readTree(answer.body());
    }

    String text(String json) throws IOException, InterruptedException {
        return completion(json).at("/choices/0/text").textValue();
    }

    /** The events of a stream, without the end mark, which must be there. */
    List<JsonNode> events(String path, String json) throws IOException, InterruptedException {
        HttpResponse<String> answer = post(path, json);
        assertEquals(200, answer.statusCode(), answer.body());
        assertEquals("text/event-stream; charset=utf-8", answer.headers().firstValue("content-type").orElse(""));
        List<String> data = answer.body().lines().filter(l -> l.startsWith("data: ")).map(l -> l.substring(6)).toList();
        assertEquals("[DONE]", data.getLast());
        return data.subList(0, data.size() - 1).stream().map(Served::parse).toList();
    }

    static JsonNode parse(String json) {
        try {
            return JSON.readTree(json);
        } catch (IOException e) {
            throw new UncheckedIOException(json, e);
        }
    }

    /** Sends bytes as they are and reads what comes until the server closes or pauses; empty when it closes at once. */
    String raw(byte[] bytes) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(bytes);
            socket.shutdownOutput();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (SocketException e) {
            return ""; // it closed before all was sent
        }
    }

    static void await(BooleanSupplier condition, String what) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "waited too long for " + what);
            Thread.sleep(5);
        }
    }

    /** A figure of {@code /metrics}. */
    double metric(String name) {
        try {
            return get("/metrics").body().lines().filter(l -> l.startsWith(name + " ")).mapToDouble(l -> Double.parseDouble(l.substring(name.length() + 1)))
                    .findFirst().orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        engine.nanos = 0;
        client.close();
        server.close();
        model.close();
    }
}
