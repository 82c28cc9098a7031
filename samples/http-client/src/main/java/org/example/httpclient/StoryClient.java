// SPDX-License-Identifier: Apache-2.0
package org.example.httpclient;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Asks a server of {@code depthc deploy} to go on with a text. */
public final class StoryClient {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String DATA = "data: ";
    private static final int TOO_MANY_REQUESTS = 429;

    private final HttpClient client = HttpClient.newHttpClient();
    private final URI completions;

    /**
     * A client.
     *
     * @param server its address, such as {@code http://127.0.0.1:8080}
     * @throws IllegalArgumentException if it is none
     */
    public StoryClient(String server) {
        try {
            completions = new URI(server + "/v1/completions");
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("found " + server, e);
        }
        if (!"http".equals(completions.getScheme()) && !"https".equals(completions.getScheme()) || completions.getHost() == null) {
            throw new IllegalArgumentException("found " + server);
        }
    }

    /** Prints what the server at the first argument makes of the second. */
    public static void main(String[] args) throws InterruptedException {
        System.exit(run(args));
    }

    /** What {@link #main} does; gives the exit code: 0, 1 where the server fails, 2 for wrong arguments. */
    static int run(String... args) throws InterruptedException {
        if (args.length != 2) {
            System.err.println("found " + args.length + " arguments, expected two: the server's address, such as http://127.0.0.1:8080, and a text to go on with");
            return 2;
        }
        StoryClient client;
        try {
            client = new StoryClient(args[0]);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage() + ", expected the server's address, such as http://127.0.0.1:8080");
            return 2;
        }
        try {
            client.stream(args[1], 60, System.out::print);
            System.out.println();
            return 0;
        } catch (ConnectException e) {
            System.err.println("no server answers at " + args[0] + "; start one with depthc deploy BUNDLE");
        } catch (IOException e) {
            System.err.println(e.getMessage());
        } catch (UncheckedIOException e) {
            System.err.println("the answer was cut short: " + e.getCause().getMessage());
        } catch (IllegalStateException e) {
            System.err.println("the server says: " + e.getMessage());
        }
        return 1;
    }

    /** Streams at most so many tokens after a prompt to {@code text}; waits and asks again while the server is busy. */
    public void stream(String prompt, int tokens, Consumer<String> text) throws IOException, InterruptedException {
        String body = JSON.createObjectNode().put("prompt", prompt).put("max_tokens", tokens).put("temperature", 0).put("stream", true).toString();
        HttpRequest request = HttpRequest.newBuilder(completions).header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body)).build();
        while (true) {
            HttpResponse<Stream<String>> response = client.send(request, HttpResponse.BodyHandlers.ofLines());
            try (Stream<String> lines = response.body()) {
                if (response.statusCode() == 200) {
                    lines.forEach(line -> event(line, text));
                    return;
                }
                if (response.statusCode() != TOO_MANY_REQUESTS) {
                    throw new IOException("the server says " + response.statusCode() + ": " + String.join("", lines.toList()));
                }
            }
            Thread.sleep(1000 * response.headers().firstValueAsLong("Retry-After").orElse(1));
        }
    }

    private static void event(String line, Consumer<String> text) {
        if (!line.startsWith(DATA) || line.equals(DATA + "[DONE]")) {
            return;
        }
        try {
            JsonNode event = JSON.readTree(line.substring(DATA.length()));
            if (event.has("error")) {
                throw new IllegalStateException(event.at("/error/message").asText());
            }
            text.accept(event.at("/choices/0/text").asText());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("no JSON: " + line, e);
        }
    }
}
