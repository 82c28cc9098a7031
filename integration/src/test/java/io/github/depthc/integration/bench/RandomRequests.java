// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Requests that are almost right, and some that are right: bytes changed, lost, doubled; values of all kinds in all fields. */
public final class RandomRequests {
    private static final List<String> FIELDS = List.of("prompt", "messages", "model", "max_tokens", "max_completion_tokens", "temperature", "top_p", "seed", "stop", "stream",
            "stream_options", "n", "logprobs", "user", "tools", "x", "");
    private static final List<String> VALUES = List.of("\"a\"", "\"\"", "\"\\ud800\"", "\"\\u0000\"", "1", "0", "-1", "1e999", "-0.0", "0.5", "9223372036854775808", "1".repeat(90),
            "true", "false", "null", "[]", "{}", "[1,2,3]", "[\"a\"]", "[[1]]", "[999999]", "{\"a\":{\"b\":[]}}", "NaN", "'a'", "[".repeat(60), "\"\u00e9\"",
            "[{\"role\":\"user\",\"content\":\"a\"}]", "[{\"role\":\"user\"}]", "[{\"role\":1,\"content\":[{\"type\":\"image_url\"}]}]", "{\"include_usage\":true}");
    private static final List<String> PATHS = List.of("/v1/completions", "/v1/completions", "/v1/chat/completions", "/v1/models", "/health", "/metrics", "/", "/v1/%00", "*",
            "/v1/completions?a=b", "//", "/\u00ff");
    private static final List<String> METHODS = List.of("POST", "POST", "POST", "POST", "GET", "PUT", "OPTIONS", "TRACE", "CONNECT", "P\u00f6ST", "");
    private static final List<String> HEADERS = List.of("Content-Type: application/json", "Content-Length: 5", "Transfer-Encoding: chunked", "Expect: 100-continue",
            "Connection: close", "Upgrade: h2c", "X: \u0001", "Authorization: Bearer x", "Host: localhost", ": x", "Content-Length: abc", "Cookie: " + "c".repeat(3000));

    private RandomRequests() {
    }

    /** Another one; it makes at most a few tokens. */
    public static byte[] next(Random random) {
        byte[] body = body(random);
        var head = new StringBuilder(pick(METHODS, random)).append(' ').append(pick(PATHS, random)).append(" HTTP/1.1\r\nHost: localhost\r\n");
        if (random.nextInt(8) > 0) {
            head.append("Content-Type: application/json\r\n");
        }
        if (random.nextInt(8) > 0) {
            head.append("Content-Length: ").append(random.nextInt(10) > 0 ? body.length : random.nextInt(200)).append("\r\n");
        }
        for (int i = random.nextInt(8) - 5; i > 0; i--) {
            head.append(pick(HEADERS, random)).append("\r\n");
        }
        var request = new ByteArrayOutputStream();
        request.writeBytes(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
        request.writeBytes(body);
        return random.nextInt(4) > 0 ? request.toByteArray() : damaged(request.toByteArray(), random);
    }

    private static byte[] body(Random random) {
        if (random.nextInt(20) == 0) {
            var noise = new byte[random.nextInt(300)];
            random.nextBytes(noise);
            return noise;
        }
        var json = new StringBuilder("{");
        for (int i = random.nextInt(5); i >= 0; i--) {
            json.append('"').append(pick(FIELDS, random)).append("\":").append(pick(VALUES, random)).append(',');
        }
        json.append("\"max_tokens\":2}");
        byte[] body = json.toString().getBytes(random.nextInt(10) > 0 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1);
        return random.nextInt(5) > 0 ? body : damaged(body, random);
    }

    private static byte[] damaged(byte[] bytes, Random random) {
        if (bytes.length == 0) {
            return bytes;
        }
        byte[] copy = bytes.clone();
        int at = random.nextInt(bytes.length);
        return switch (random.nextInt(3)) {
            case 0 -> {
                copy[at] = (byte) random.nextInt(256);
                yield copy;
            }
            case 1 -> Arrays.copyOf(bytes, at);
            default -> {
                var doubled = new ByteArrayOutputStream();
                doubled.write(bytes, 0, at);
                doubled.write(bytes, at / 2, bytes.length - at / 2);
                yield doubled.toByteArray();
            }
        };
    }

    private static String pick(List<String> from, Random random) {
        return from.get(random.nextInt(from.size()));
    }
}
