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
    /** What Helidon says where it keeps what is wrong for its log. */
    private static final String UNTOLD = "Bad request, see server log";
    /** What it says of headers that are too large, whose status is that of all that is wrong with headers. */
    private static final String LARGE_HEADERS = "Header size exceeded";

    private final long most;
    private final int headers;

    private MalformedHttp(long most, int headers) {
        this.most = most;
        this.headers = headers;
    }

    /**
     * Helidon's way to have all such cases answered by one.
     *
     * @param most    bytes of a body
     * @param headers bytes of all headers
     */
    static DirectHandlers handlers(long most, int headers) {
        DirectHandlers.Builder builder = DirectHandlers.builder();
        var handler = new MalformedHttp(most, headers);
        for (EventType type : EventType.values()) {
            builder.addHandler(type, handler);
        }
        return builder.build();
    }

    @Override
    public TransportResponse handle(TransportRequest request, EventType event, Status status, ServerResponseHeaders headers, String message) {
        Connections.leaveUnread();
        // What goes wrong out here is always the client's doing; Helidon has it as 5xx when it uses something that is not supported.
        String what = message == null || message.isBlank() || message.startsWith(UNTOLD) ? "" : message;
        int code = what.equals(LARGE_HEADERS) ? 431 : status.code() >= 400 && status.code() < 500 ? status.code() : 400;
        ApiError error = switch (code) {
            case 413 -> RequestBody.tooLarge(most);
            case 404 -> ApiError.of(404, "malformed_http", "there is nothing here");
            case 414 -> ApiError.of(414, "malformed_http", "the first line of the request is too long");
            case 431 -> ApiError.of(431, "malformed_http", "the headers of the request have more than " + this.headers + " bytes");
            default -> ApiError.of(code, "malformed_http", event == EventType.HTTP_VERSION_NOT_SUPPORTED ? "the request is HTTP/1.0, expected HTTP/1.1"
                    : "the request is not valid HTTP/1.1, or uses what this server does not support" + (what.isEmpty() ? "" : " (" + what + ")"));
        };
        return TransportResponse.builder().status(Status.create(code)).headers(headers).keepAlive(false)
                .header(HeaderNames.CONTENT_TYPE, "application/json").entity((error.json() + "\n").getBytes(StandardCharsets.UTF_8)).build();
    }
}
