// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;

/**
 * Requests each of which has one mistake for certain: what is right about it is a completion of two tokens, which the server answers. An answer must be a 4xx.
 */
public enum MalformedRequests {
    /** An object that ends too soon, or has something in it that JSON has not. */
    JSON {
        @Override
        public byte[] next(Random random) {
            String body = json(random, "");
            int at = 1 + random.nextInt(body.length() - 1);
            return random.nextBoolean() ? post(body.substring(0, at)) : post(pick(NO_JSON, random) + body);
        }
    },
    /** Nothing, or something else than an object. */
    NO_OBJECT {
        @Override
        public byte[] next(Random random) {
            return post(pick(List.of("", " ", "[]", "1", "null", "\"a\"", "true", "[{\"prompt\":\"a\"}]"), random));
        }
    },
    /** A field that there is not. */
    UNKNOWN_FIELD {
        @Override
        public byte[] next(Random random) {
            return post(json(random, ",\"x" + random.nextInt() + "\":" + pick(List.of("1", "\"a\"", "[]", "{}", "true"), random)));
        }
    },
    /** A value of another type, or out of range; numbers of any size. */
    VALUE {
        @Override
        public byte[] next(Random random) {
            String wrong = pick(WRONG, random);
            return post("{" + (wrong.startsWith("\"prompt\"") ? "" : "\"prompt\":\"a\",") + (wrong.startsWith("\"max_tokens\"") ? "" : "\"max_tokens\":2,") + wrong + "}");
        }
    },
    /** A prompt that is no text: bytes that are no UTF-8, or half a character. */
    TEXT {
        @Override
        public byte[] next(Random random) {
            byte[] wrong = pick(NO_UTF8, random).getBytes(StandardCharsets.ISO_8859_1);
            var body = new ByteArrayOutputStream();
            body.writeBytes(("{\"max_tokens\":2,\"prompt\":\"" + "a".repeat(random.nextInt(9))).getBytes(StandardCharsets.US_ASCII));
            body.writeBytes(random.nextInt(4) == 0 ? "\\ud800".getBytes(StandardCharsets.US_ASCII) : wrong);
            body.writeBytes("b\"}".getBytes(StandardCharsets.US_ASCII));
            return request(head("POST /v1/completions HTTP/1.1", TYPE, "Content-Length: " + body.size()), body.toByteArray());
        }
    },
    /** A path or a method that there is not, or not there. */
    PLACE {
        @Override
        public byte[] next(Random random) {
            return request(random.nextBoolean() ? head(pick(List.of("PUT", "GET", "OPTIONS", "TRACE", "DELETE", "PATCH", "P\u00f6ST", "X"), random) + " /v1/completions HTTP/1.1")
                    : head("POST /" + pick(List.of("", "v1", "v1/%00", "v1/completions/", "//", "v1/" + random.nextInt(), "../etc/passwd", "\u00ff", "v1/completions%2f"), random)
                            + " HTTP/1.1", TYPE, "Content-Length: 0"), new byte[0]);
        }
    },
    /** A first line that is none of HTTP/1.1. */
    FIRST_LINE {
        @Override
        public byte[] next(Random random) {
            return request(head(pick(List.of("POST /v1/completions HTTP/1.0", "POST /v1/completions HTTP/9.9", "POST /v1/completions", "POST  /v1/completions HTTP/1.1", "\u0000\u0001 \u0002",
                    "GET / HTTP/1.1 HTTP/1.1", "POST /%zz HTTP/1.1", "GET /" + "a".repeat(5000) + " HTTP/1.1"), random)), new byte[0]);
        }
    },
    /** A header that is none, contradicts another, is of another host or too large. */
    HEADER {
        @Override
        public byte[] next(Random random) {
            byte[] body = json(random, "").getBytes(StandardCharsets.US_ASCII);
            return request(head("POST /v1/completions HTTP/1.1", TYPE, "Content-Length: " + body.length, pick(NO_HEADERS, random)), body);
        }
    },
    /** A body that is not said to be JSON. */
    CONTENT_TYPE {
        @Override
        public byte[] next(Random random) {
            byte[] body = json(random, "").getBytes(StandardCharsets.US_ASCII);
            return request(head("POST /v1/completions HTTP/1.1", pick(List.of("X: a", "Content-Type: text/plain", "Content-Type: application/x-www-form-urlencoded", "Content-Type: json",
                    "Content-Type: application/jsonx"), random), "Content-Length: " + body.length), body);
        }
    },
    /** A body that is shorter than it is said to be, or comes in chunks that are wrong. */
    LENGTH {
        @Override
        public byte[] next(Random random) {
            String body = json(random, "");
            if (random.nextBoolean()) {
                return request(head("POST /v1/completions HTTP/1.1", TYPE, "Content-Length: " + (body.length() + 1 + random.nextInt(99))), body.getBytes(StandardCharsets.US_ASCII));
            }
            String size = Integer.toHexString(body.length());
            String chunks = pick(List.of("zz\r\n" + body + "\r\n0\r\n\r\n", "-1\r\n\r\n", size + ";a=b\r\n" + body + "\r\n0\r\n\r\n", size + "\r\n" + body + "\r\n0\r\nX: a\r\n\r\n",
                    size + "\r\n" + body, "ffffffffff\r\n" + body, "7fffffff\r\n" + body), random);
            return request(head("POST /v1/completions HTTP/1.1", TYPE, "Transfer-Encoding: chunked"), chunks.getBytes(StandardCharsets.US_ASCII));
        }
    };

    private static final String TYPE = "Content-Type: application/json";
    private static final List<String> NO_JSON = List.of("{", ",", "{\"a\":NaN}", "'a'", "\u0001", "{\"prompt\":\"a\",}", "[".repeat(600), "//\n", "{\"prompt\":01}", "{\"prompt\" \"a\"}");
    private static final List<String> WRONG = List.of("\"max_tokens\":0", "\"max_tokens\":-1", "\"max_tokens\":1.5", "\"max_tokens\":1e999", "\"max_tokens\":9223372036854775808",
            "\"max_tokens\":" + "1".repeat(90), "\"max_tokens\":\"2\"", "\"max_tokens\":[2]", "\"temperature\":-0.1", "\"temperature\":2.1", "\"temperature\":1e400", "\"temperature\":true",
            "\"top_p\":2", "\"top_p\":-1e-9", "\"top_p\":{}", "\"seed\":1e30", "\"seed\":0.5", "\"seed\":\"a\"", "\"stop\":[\"1\",\"2\",\"3\",\"4\",\"5\"]", "\"stop\":1", "\"stop\":\"\"",
            "\"stop\":[null]", "\"stream\":1", "\"stream\":\"true\"", "\"stream_options\":{}", "\"n\":2", "\"logprobs\":3", "\"echo\":true", "\"best_of\":2", "\"model\":1", "\"model\":\"other\"",
            "\"prompt\":1", "\"prompt\":[]", "\"prompt\":[999999]", "\"prompt\":[-1]", "\"prompt\":[1,\"a\"]", "\"prompt\":[\"a\",\"b\"]", "\"prompt\":{}", "\"prompt\":true",
            "\"logit_bias\":{\"1\":2}");
    private static final List<String> NO_UTF8 = List.of("\u00ff", "\u00fe\u00ff", "\u00c0\u0080", "\u0080", "\u00e2\u0082", "\u00ed\u00a0\u0080", "\u00f5\u0080\u0080\u0080", "\u00f0\u0080\u0080\u0080");
    private static final List<String> NO_HEADERS = List.of("no colon", ": x", "Bad Name: x", "X: a\u0001b", "X: a\u0000b", "Content-Length: 5", "Content-Length: abc", "Host: localhost",
            "Host: attacker.example", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip", "Content-Encoding: gzip", "X: " + "a".repeat(20_000), "X: a\r\n".repeat(5000) + "X: a");

    /** Another one. */
    public abstract byte[] next(Random random);

    /** A request of any kind, and which. */
    public record Made(MalformedRequests kind, byte[] bytes) {
    }

    /** Another one of any kind. */
    public static Made any(Random random) {
        MalformedRequests kind = values()[random.nextInt(values().length)];
        return new Made(kind, kind.next(random));
    }

    private static <T> T pick(List<T> from, Random random) {
        return from.get(random.nextInt(from.size()));
    }

    /** A completion, with more fields. */
    private static String json(Random random, String more) {
        return "{\"prompt\":\"" + "a".repeat(1 + random.nextInt(9)) + "\",\"max_tokens\":2" + more + "}";
    }

    private static byte[] post(String body) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        return request(head("POST /v1/completions HTTP/1.1", TYPE, "Content-Length: " + bytes.length), bytes);
    }

    private static String head(String line, String... headers) {
        return line + "\r\nHost: localhost\r\n" + (headers.length == 0 ? "" : String.join("\r\n", headers) + "\r\n") + "\r\n";
    }

    private static byte[] request(String head, byte[] body) {
        var request = new ByteArrayOutputStream();
        request.writeBytes(head.getBytes(StandardCharsets.ISO_8859_1));
        request.writeBytes(body);
        return request.toByteArray();
    }
}
