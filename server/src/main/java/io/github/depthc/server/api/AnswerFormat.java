// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.server.batch.PromptCost;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Writes the answers to one request.
 *
 * @param chat    a chat completion, not a completion
 * @param id      of the answer
 * @param created seconds since 1970
 * @param model   name of the model
 * @param usage   whether a stream ends with what it cost: then its other pieces say that they have none
 */
public record AnswerFormat(boolean chat, String id, long created, String model, boolean usage) {
    /** The whole answer. */
    public ObjectNode whole(String text, String finish, Usage usage) {
        ObjectNode o = head(chat ? "chat.completion" : "text_completion");
        ObjectNode choice = o.putArray("choices").addObject().put("index", 0);
        if (chat) {
            choice.putObject("message").put("role", "assistant").put("content", text).putNull("refusal");
        } else {
            choice.put("text", text);
        }
        choice.putNull("logprobs").put("finish_reason", finish);
        o.set("usage", usage.json());
        return o;
    }

    /** The beginning of a stream: of a chat, who speaks; else empty. */
    public Optional<ObjectNode> begin() {
        return chat ? Optional.of(piece(JsonNodeFactory.instance.objectNode().put("role", "assistant").put("content", ""), null)) : Optional.empty();
    }

    /** A piece of a stream. */
    public ObjectNode piece(String text) {
        return chat ? piece(JsonNodeFactory.instance.objectNode().put("content", text), null) : textPiece(text, null);
    }

    /** The last piece of a stream, which says why it ended. */
    public ObjectNode end(String finish) {
        return chat ? piece(JsonNodeFactory.instance.objectNode(), finish) : textPiece("", finish);
    }

    /** What comes behind the last piece when the request asks for it. */
    public ObjectNode usage(Usage usage) {
        ObjectNode o = head(chat ? "chat.completion.chunk" : "text_completion");
        o.putArray("choices");
        o.set("usage", usage.json());
        return o;
    }

    /**
     * What comes before the first piece when the request asks for it.
     *
     * @param tokens the prompt's tokens as text
     */
    public ObjectNode routing(List<String> tokens, PromptCost prompt) {
        ObjectNode o = head(chat ? "chat.completion.chunk" : "text_completion");
        o.putArray("choices");
        ObjectNode routing = o.putObject("routing");
        tokens.forEach(routing.putArray("tokens")::add);
        ArrayNode layers = routing.putArray("layers");
        for (int l = 0; l < prompt.kept().length; l++) {
            ObjectNode layer = layers.addObject().put("layer", l).put("processed", prompt.kept()[l]);
            if (prompt.which().containsKey(l)) {
                Arrays.stream(prompt.which().get(l)).forEach(layer.putArray("kept")::add);
            }
        }
        return o;
    }

    private ObjectNode piece(ObjectNode delta, String finish) {
        ObjectNode o = head("chat.completion.chunk");
        ObjectNode choice = o.putArray("choices").addObject().put("index", 0);
        choice.set("delta", delta);
        choice.putNull("logprobs").put("finish_reason", finish);
        return withoutUsage(o);
    }

    private ObjectNode textPiece(String text, String finish) {
        ObjectNode o = head("text_completion");
        o.putArray("choices").addObject().put("index", 0).put("text", text).putNull("logprobs").put("finish_reason", finish);
        return withoutUsage(o);
    }

    private ObjectNode withoutUsage(ObjectNode piece) {
        return usage ? piece.putNull("usage") : piece;
    }

    private ObjectNode head(String object) {
        return JsonNodeFactory.instance.objectNode().put("id", id).put("object", object).put("created", created).put("model", model);
    }
}
