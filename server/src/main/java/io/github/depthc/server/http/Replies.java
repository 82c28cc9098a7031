// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.http.ServerResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Answers that are sent at once. */
final class Replies {
    private Replies() {
    }

    static void json(ServerResponse response, int status, ObjectNode json) {
        send(response, status, "application/json", json + "\n");
    }

    static void send(ServerResponse response, int status, String type, String text) {
        response.status(status).header(HeaderNames.CONTENT_TYPE, type).header("X-Content-Type-Options", "nosniff");
        send(response, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Sends a body, of which the answer to a HEAD has the length alone. */
    static void send(ServerResponse response, byte[] body) {
        if (Connections.answersHead()) {
            response.header(HeaderValues.create(HeaderNames.CONTENT_LENGTH, body.length));
            response.send();
        } else {
            response.send(body);
        }
    }

    static ObjectNode model(String name, boolean images) {
        ObjectNode model = JsonNodeFactory.instance.objectNode().put("id", name).put("object", "model").put("created", 0).put("owned_by", "depthc");
        (images ? List.of("text", "image") : List.of("text")).forEach(model.putArray("input_modalities")::add);
        return model;
    }
}
