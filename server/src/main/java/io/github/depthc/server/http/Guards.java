// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import io.github.depthc.server.api.ApiError;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.ServerRequestHeaders;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.Optional;

/** Who may ask, and how. */
final class Guards {
    private static final String SCHEME = "bearer ";

    private final Optional<byte[]> key;
    private final Optional<String> host;

    /**
     * @param apiKey what clients must send
     * @param local  name of the host when only this machine reaches it: requests for other hosts come from web pages then, whose
     *               names were made to lead here
     */
    Guards(Optional<String> apiKey, Optional<String> local) {
        key = apiKey.map(k -> k.getBytes(StandardCharsets.UTF_8));
        host = local;
    }

    /** {@link ApiError} for a header without a name, which Helidon lets pass and others read otherwise. */
    static void checkNames(ServerRequestHeaders headers) {
        for (Header header : headers) {
            if (header.name().isEmpty()) {
                throw ApiError.of(400, "malformed_http", "a header of the request has no name");
            }
        }
    }

    /** {@link ApiError} for a request that was meant for another host. */
    void checkHost(ServerRequestHeaders headers) {
        if (host.isPresent() && !isLocal(headers.first(HeaderNames.HOST).orElse(""))) {
            throw ApiError.of(403, "wrong_host", "the request is for another host, expected localhost or " + host.get());
        }
    }

    private boolean isLocal(String header) {
        int colon = header.lastIndexOf(':');
        String name = (colon > header.lastIndexOf(']') ? header.substring(0, colon) : header).toLowerCase(Locale.ROOT);
        return name.equals("localhost") || name.equals("[::1]") || name.matches("127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}")
                || name.equals(host.orElseThrow().toLowerCase(Locale.ROOT));
    }

    /** {@link ApiError} for a request without the key. */
    void checkKey(ServerRequestHeaders headers) {
        if (key.isEmpty()) {
            return;
        }
        String sent = headers.first(HeaderNames.AUTHORIZATION).orElse("");
        boolean bearer = sent.regionMatches(true, 0, SCHEME, 0, SCHEME.length());
        byte[] given = (bearer ? sent.substring(SCHEME.length()).strip() : "").getBytes(StandardCharsets.UTF_8);
        // Takes as long for a key that is almost right.
        if (!MessageDigest.isEqual(given, key.get())) {
            throw ApiError.key();
        }
    }
}
