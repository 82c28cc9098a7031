// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Server-sent events, each a line of JSON, sent at once. */
final class EventStream {
    private static final String ALIVE = ":\n\n";

    private final OutputStream out;
    private final WriteGuard guard;

    EventStream(ServerResponse response, WriteGuard guard) {
        this.guard = guard;
        response.header(HeaderNames.CONTENT_TYPE, "text/event-stream; charset=utf-8").header(HeaderNames.CACHE_CONTROL, "no-cache");
        out = response.outputStream();
    }

    void event(ObjectNode json) throws IOException {
        send("data: " + json + "\n\n");
    }

    /** A comment: a client that has gone shows by it. */
    void alive() throws IOException {
        send(ALIVE);
    }

    /** The end that OpenAI's clients wait for. */
    void done() throws IOException {
        guard.write(() -> {
            out.write("data: [DONE]\n\n".getBytes(StandardCharsets.UTF_8));
            out.close();
        });
    }

    private void send(String text) throws IOException {
        guard.write(() -> {
            out.write(text.getBytes(StandardCharsets.UTF_8));
            out.flush();
        });
    }
}
