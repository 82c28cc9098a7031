// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;

/** The page at {@code /}: a prompt, its answer, and which tokens each layer processed. It has nothing secret and asks for a key where one is needed. */
final class Page {
    private static final String POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; "
            + "frame-ancestors 'none'";

    private Page() {
    }

    static void send(ServerResponse response, String path) throws IOException {
        String name = path.equals("/") ? "page.html" : path.substring(1);
        String type = switch (name.substring(name.indexOf('.') + 1)) {
            case "css" -> "text/css";
            case "js" -> "text/javascript";
            default -> "text/html";
        };
        try (InputStream in = Page.class.getResourceAsStream(name)) {
            response.header(HeaderNames.CONTENT_TYPE, type + "; charset=utf-8").header("X-Content-Type-Options", "nosniff").header("Content-Security-Policy", POLICY)
                    .header(HeaderNames.CACHE_CONTROL, "no-cache");
            Replies.send(response, in.readAllBytes());
        }
    }
}
