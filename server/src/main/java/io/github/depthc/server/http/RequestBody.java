// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import io.github.depthc.server.api.ApiError;
import io.helidon.http.HeaderNames;
import io.helidon.http.RequestException;
import io.helidon.webserver.http.ServerRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Locale;

/**
 * Reads the bodies of requests.
 *
 * @param most    bytes, at most
 * @param longest how long a client may take to send one
 */
record RequestBody(int most, Duration longest) {
    private static final int PIECE = 8192;
    private static final String CHUNKS = "is in chunks that are wrong: a length is no hexadecimal number, or there are extensions of chunks or trailers, which this server does not take";

    /**
     * The body; {@link ApiError} when it is no JSON by its header, too large, or does not come.
     *
     * @param memory what it takes
     */
    byte[] read(ServerRequest request, BodyMemory.Share memory) throws IOException {
        String type = request.headers().first(HeaderNames.CONTENT_TYPE).orElse("");
        // A web page may send other types to other hosts without being asked whether it may.
        if (!type.toLowerCase(Locale.ROOT).matches("application/json\\s*(;.*)?")) {
            throw ApiError.of(415, "content_type", "the content type is " + (type.isEmpty() ? "missing" : type) + ", expected application/json");
        }
        if (!request.content().hasEntity()) {
            return new byte[0];
        }
        long start = System.nanoTime();
        var body = new ByteArrayOutputStream();
        InputStream in = request.content().inputStream();
        var piece = new byte[PIECE];
        int n = next(in, piece);
        while (n >= 0) {
            if (body.size() + n > most) {
                throw tooLarge(most);
            }
            memory.take(n);
            body.write(piece, 0, n);
            if (System.nanoTime() - start > longest.toNanos()) {
                throw tooSlow();
            }
            n = next(in, piece);
        }
        return body.toByteArray();
    }

    private int next(InputStream in, byte[] piece) throws IOException {
        try {
            return in.read(piece);
        } catch (RequestException e) {
            throw e.status().code() == 413 ? tooLarge(most) : malformed(CHUNKS);
        } catch (NumberFormatException e) {
            throw malformed(CHUNKS);
        } catch (RuntimeException e) {
            // These have no type in common, whether the client stopped in the middle or has the lengths wrong.
            throw isTimeout(e) ? tooSlow() : malformed("is cut short, or its lengths are wrong");
        }
    }

    private static boolean isTimeout(Throwable e) {
        return e != null && (e instanceof SocketTimeoutException || isTimeout(e.getCause()));
    }

    private ApiError tooSlow() {
        return ApiError.of(408, "too_slow", "the body did not come within " + longest.toSeconds() + " s");
    }

    /** The answer to a body of more than {@code most} bytes. */
    static ApiError tooLarge(long most) {
        return ApiError.of(413, "too_large", "the body has more than " + most + " bytes");
    }

    private static ApiError malformed(String what) {
        return ApiError.of(400, "malformed_http", "the body " + what);
    }
}
