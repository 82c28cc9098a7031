// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads the messages of a chat: each a text, or parts that are texts and images. */
final class ChatMessages {
    private static final int MOST_MESSAGES = 4096;
    private static final Set<String> ROLES = Set.of("system", "developer", "user", "assistant");
    private static final Set<String> DETAILS = Set.of("auto", "low", "high");

    private final boolean takesImages;
    private final List<Prompt.ImagePart> images = new ArrayList<>();

    private ChatMessages(boolean takesImages) {
        this.takesImages = takesImages;
    }

    /**
     * The conversation.
     *
     * @param images whether the model takes images
     */
    static Prompt.Chat read(JsonNode node, boolean images) {
        if (!(node instanceof ArrayNode array) || array.isEmpty() || array.size() > MOST_MESSAGES) {
            throw ApiError.field("messages", "messages is " + (node.isArray() ? "an array of " + node.size() : Fields.kind(node)) + ", expected an array of 1 to "
                    + MOST_MESSAGES + " messages");
        }
        var reader = new ChatMessages(images);
        var messages = new ArrayList<Prompt.ChatMessage>();
        for (int i = 0; i < array.size(); i++) {
            messages.add(reader.message(array.get(i), "messages[" + i + "]"));
        }
        return new Prompt.Chat(messages, reader.images);
    }

    private Prompt.ChatMessage message(JsonNode node, String name) {
        if (!(node instanceof ObjectNode object)) {
            throw ApiError.field(name, name + " is " + Fields.kind(node) + ", expected an object with role and content");
        }
        var fields = new Fields(object, name + ".");
        String role = fields.text("role").orElseThrow(() -> ApiError.field(name + ".role", name + ".role is missing"));
        if (!ROLES.contains(role)) {
            throw ApiError.field(name + ".role", name + ".role is \"" + role + "\", expected system, developer, user or assistant");
        }
        fields.only("tool_calls", Fields.isEmpty(), "an empty array");
        fields.unsupported("audio", "function_call");
        int before = images.size();
        String content = content(fields.take("content").orElseThrow(() -> ApiError.field(name + ".content",
                name + ".content is " + (object.has("content") ? "null" : "missing") + ", expected a string or an array of parts")), name + ".content");
        if (images.size() > before && !role.equals("user")) {
            throw ApiError.field(name + ".content", name + ".content shows an image, which only messages of the role user do; this one's is " + role);
        }
        fields.ignore("name", "refusal", "annotations");
        fields.end();
        return new Prompt.ChatMessage(role, content, images.size() - before);
    }

    // A string, or parts.
    private String content(JsonNode node, String name) {
        if (!node.isArray()) {
            return Fields.text(node, name);
        }
        var text = new StringBuilder();
        for (int i = 0; i < node.size(); i++) {
            String part = name + "[" + i + "]";
            if (!(node.get(i) instanceof ObjectNode object)) {
                throw ApiError.field(part, part + " is " + Fields.kind(node.get(i)) + ", expected an object with type");
            }
            var fields = new Fields(object, part + ".");
            String type = fields.text("type").orElse("");
            switch (type) {
                case "text" -> text.append(fields.text("text").orElseThrow(() -> ApiError.field(part + ".text", part + ".text is missing")));
                case "image_url" -> image(fields, part);
                default -> throw ApiError.unsupported(part + ".type", part + ".type is \"" + type + "\", expected " + (takesImages ? "text or image_url" : "text")
                        + ": this model takes nothing else");
            }
            fields.end();
        }
        return text.toString();
    }

    private void image(Fields part, String name) {
        if (!takesImages) {
            throw ApiError.unsupported(name + ".type", name + ".type is \"image_url\", but this model takes no images; send text, or ask a model that was converted "
                    + "with its vision tower");
        }
        String where = name + ".image_url";
        JsonNode node = part.take("image_url").orElseThrow(() -> ApiError.field(where, where + " is missing"));
        if (!(node instanceof ObjectNode object)) {
            throw ApiError.field(where, where + " is " + Fields.kind(node) + ", expected an object with url");
        }
        var fields = new Fields(object, where + ".");
        String url = fields.text("url").orElseThrow(() -> ApiError.field(where + ".url", where + ".url is missing"));
        // How finely an image is seen is a matter of the model.
        fields.text("detail").filter(d -> !DETAILS.contains(d)).ifPresent(d -> {
            throw ApiError.field(where + ".detail", where + ".detail is \"" + d + "\", expected auto, low or high");
        });
        fields.end();
        images.add(new Prompt.ImagePart(where + ".url", DataUrl.read(url, where + ".url")));
    }
}
