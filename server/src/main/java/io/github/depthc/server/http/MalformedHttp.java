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
    private final long most;

    private MalformedHttp(long most) {
        this.most = most;
    }

    /**
     * Helidon's way to have all such cases answered by one.
     *
     * @param most bytes of a body
     */
    static DirectHandlers handlers(long most) {
        DirectHandlers.Builder builder = DirectHandlers.builder();
        var handler = new MalformedHttp(most);
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
        ApiError error = switch (code) {
            case 413 -> RequestBody.tooLarge(most);
            case 404 -> ApiError.of(404, "malformed_http", "there is nothing here");
            case 414 -> ApiError.of(414, "malformed_http", "the first line of the request is too long");
            case 431 -> ApiError.of(431, "malformed_http", "the headers of the request are too large");
            default -> ApiError.of(code, "malformed_http", "the request is not valid HTTP/1.1, or uses what this server does not support"
                    + (message == null || message.isBlank() ? "" : " (" + message + ")"));
        };
        return TransportResponse.builder().status(Status.create(code)).headers(headers).keepAlive(false)
                .header(HeaderNames.CONTENT_TYPE, "application/json").entity((error.json() + "\n").getBytes(StandardCharsets.UTF_8)).build();
    }
}
