// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.api;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/** An answer that is an error: one line of JSON, as OpenAI's API has it. */
public final class ApiError extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int LONGEST = 500;

    private final int status;
    private final String type;
    private final String param;
    private final String code;

    private ApiError(int status, String type, String param, String code, String message) {
        super(plain(message), null, false, false);
        this.status = status;
        this.type = type;
        this.param = param;
        this.code = code;
    }

    /** An error of the client with a status of 4xx. */
    public static ApiError of(int status, String code, String message) {
        return field(status, code, null, message);
    }

    /** What the request says is wrong. */
    public static ApiError bad(String message) {
        return of(400, null, message);
    }

    /** What a field of the request says is wrong. */
    public static ApiError field(String field, String message) {
        return field(400, null, field, message);
    }

    /** The same with a status of 4xx and a code. */
    public static ApiError field(int status, String code, String field, String message) {
        return new ApiError(status, "invalid_request_error", field, code, message);
    }

    /** A part of OpenAI's API that this server does not have. */
    public static ApiError unsupported(String field, String message) {
        return field(400, "unsupported", field, message);
    }

    /** The key is missing or wrong. */
    public static ApiError key() {
        return new ApiError(401, "authentication_error", null, "invalid_api_key",
                "the API key is missing or wrong; send the server's key as \"Authorization: Bearer KEY\"");
    }

    /** Too much is going on. */
    public static ApiError busy(String message) {
        return new ApiError(429, "rate_limit_error", null, "rate_limit_exceeded", message);
    }

    /** The server cannot answer, through no fault of the client. */
    public static ApiError server(int status, String message) {
        return new ApiError(status, "server_error", null, null, message);
    }

    /** The HTTP status. */
    public int status() {
        return status;
    }

    /** The field that is wrong, where it is one. */
    public Optional<String> param() {
        return Optional.ofNullable(param);
    }

    /** {@code {"error": {…}}}. */
    public ObjectNode json() {
        ObjectNode o = JsonNodeFactory.instance.objectNode();
        o.putObject("error").put("message", getMessage()).put("type", type).put("param", param).put("code", code);
        return o;
    }

    // What a client sent may come back to it, but not at any length nor over several lines.
    private static String plain(String message) {
        String line = message.replaceAll("\\p{Cntrl}+", " ");
        return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "…";
    }
}
