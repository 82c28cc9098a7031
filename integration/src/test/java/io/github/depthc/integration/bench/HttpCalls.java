// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;

/** Calls of a server, and what it says of itself. */
final class HttpCalls {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> STARTS = List.of("Once upon a time", "Lily and Tom", "The dog", "One day, a boy named Tim went to the park with his mom. He saw a",
            "There was a big", "A cat sat on", "It was a sunny day and the birds", "Ben likes to play with his toy");

    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI address;
    private final long process;

    HttpCalls(String address, long process) {
        this.address = URI.create(address);
        this.process = process;
    }

    /** Bodies of completions: different prompts, lengths, temperatures and seeds. */
    static List<String> requests(int count) {
        var bodies = new ArrayList<String>();
        for (int i = 0; i < count; i++) {
            bodies.add("{\"prompt\": \"" + STARTS.get(i % STARTS.size()) + "\", \"max_tokens\": " + (30 + 37 * i % 200) + ", \"temperature\": " + (i % 3 == 0 ? 0 : 0.8)
                    + ", \"seed\": " + i + ", \"stream\": true}");
        }
        return bodies;
    }

    /**
     * A streamed answer.
     *
     * @param status     HTTP status
     * @param text       all of it
     * @param firstToken nanoseconds to the first text
     * @param complete   whether the end mark came
     */
    record Answer(int status, String text, long firstToken, boolean complete) {
    }

    /** Sends a completion and reads its stream. */
    Answer stream(String body) throws IOException, InterruptedException {
        long start = System.nanoTime();
        HttpRequest request = HttpRequest.newBuilder(address.resolve("/v1/completions")).header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)).build();
        HttpResponse<Stream<String>> response = client.send(request, HttpResponse.BodyHandlers.ofLines());
        var text = new StringBuilder();
        long first = 0;
        boolean complete = false;
        try (Stream<String> lines = response.body()) {
            for (Iterator<String> i = lines.iterator(); i.hasNext();) {
                String line = i.next();
                if (line.equals("data: [DONE]")) {
                    complete = true;
                } else if (line.startsWith("data: ")) {
                    JsonNode piece = JSON.readTree(line.substring(6)).at("/choices/0/text");
                    if (first == 0 && !piece.asText("").isEmpty()) {
                        first = System.nanoTime() - start;
                    }
                    text.append(piece.asText(""));
                }
            }
        }
        return new Answer(response.statusCode(), text.toString(), first, complete);
    }

    /** A figure of {@code /metrics}. */
    double metric(String name) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(address.resolve("/metrics")).build(), HttpResponse.BodyHandlers.ofString()).body().lines()
                .filter(l -> l.startsWith(name + " ")).mapToDouble(l -> Double.parseDouble(l.substring(name.length() + 1))).findFirst().orElseThrow();
    }

    /** Resident memory of the server, in MiB. */
    double residentMiB() throws IOException {
        return Files.readAllLines(Path.of("/proc", Long.toString(process), "status")).stream().filter(l -> l.startsWith("VmRSS:"))
                .mapToDouble(l -> Double.parseDouble(l.replaceAll("\\D", "")) / 1024).findFirst().orElseThrow();
    }

    /** Java heap of the server in use, garbage included, in MiB. */
    double heapMiB() throws IOException, InterruptedException {
        return metric("depthc_heap_bytes") / (1 << 20);
    }

    URI address() {
        return address;
    }
}
