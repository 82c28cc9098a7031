// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import io.github.depthc.server.api.ApiError;
import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.http.DirectHandlers;
import java.nio.charset.StandardCharsets;

/** Answers what never becomes a request because it is not HTTP as this server speaks it. */
final class MalformedHttp implements DirectHandler {
    /** Helidon's way to have all such cases answered by one. */
    static DirectHandlers handlers() {
        DirectHandlers.Builder builder = DirectHandlers.builder();
        var handler = new MalformedHttp();
        for (EventType type : EventType.values()) {
            builder.addHandler(type, handler);
        }
        return builder.build();
    }

    @Override
    public TransportResponse handle(TransportRequest request, EventType event, Status status, ServerResponseHeaders headers, String message) {
        Connections.leaveUnread();
        // What goes wrong out here is always the client's doing; Helidon has it as 5xx when it uses something that is not supported.
        int code = status.code() >= 400 && status.code() < 500 ? status.code() : 400;
        ApiError error = ApiError.of(code, "malformed_http", switch (code) {
            case 413 -> "the request is too large";
            case 404 -> "there is nothing here";
            default -> "the request is not valid HTTP/1.1, or uses what this server does not support";
        });
        return TransportResponse.builder().status(Status.create(code)).headers(headers).keepAlive(false)
                .header(HeaderNames.CONTENT_TYPE, "application/json").entity((error.json() + "\n").getBytes(StandardCharsets.UTF_8)).build();
    }
}
