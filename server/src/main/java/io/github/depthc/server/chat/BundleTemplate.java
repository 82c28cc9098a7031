// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.ir.InputException;
import io.github.depthc.server.api.ApiError;
import io.github.depthc.server.api.Prompt.ChatMessage;
import io.github.depthc.server.jinja.Template;
import io.github.depthc.server.jinja.TemplateException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** A model's own template, as transformers keeps it: {@code chat_template.jinja}, or a field of {@code chat_template.json} or {@code tokenizer_config.json}. */
public final class BundleTemplate implements ChatTemplate {
    private static final String FILE = "chat_template.jinja";
    private static final String JSON = "chat_template.json";
    private static final String CONFIG = "tokenizer_config.json";
    private static final long LARGEST = 1 << 20;

    /** A template that knows images looks for parts of this type in a message. */
    private static final Pattern PARTS = Pattern.compile("['\"]image['\"]");

    private final Template template;
    private final boolean parts;
    private final Map<String, Object> values;

    private BundleTemplate(Template template, boolean parts, Map<String, Object> values) {
        this.template = template;
        this.parts = parts;
        this.values = values;
    }

    /**
     * The template in a folder; empty when there is none.
     *
     * @throws InputException when it cannot be read as one
     */
    public static Optional<ChatTemplate> of(Path folder) throws IOException {
        JsonNode config = config(folder.resolve(CONFIG));
        Path file = folder.resolve(FILE);
        Optional<String> source = Files.isRegularFile(file) ? Optional.of(file(file)) : Optional.empty();
        if (source.isEmpty()) {
            file = folder.resolve(JSON);
            source = source(config(file).path("chat_template"));
        }
        if (source.isEmpty()) {
            file = folder.resolve(CONFIG);
            source = source(config.path("chat_template"));
        }
        if (source.isEmpty()) {
            return Optional.empty();
        }
        if (source.get().length() > LARGEST) {
            throw tooLarge(file, source.get().length());
        }
        try {
            return Optional.of(new BundleTemplate(Template.parse(source.get()), PARTS.matcher(source.get()).find(), tokens(config)));
        } catch (TemplateException e) {
            throw new InputException(file + ": the chat template cannot be read: " + e.getMessage() + "; correct it in the checkpoint (a bundle is then converted again)", e);
        }
    }

    private static String file(Path file) throws IOException {
        if (Files.size(file) > LARGEST) {
            throw tooLarge(file, Files.size(file));
        }
        return text(file);
    }

    private static String text(Path file) throws IOException {
        try {
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new InputException(file + ": is not UTF-8 text; correct it in the checkpoint (a bundle is then converted again)", e);
        }
    }

    private static InputException tooLarge(Path file, long size) {
        return new InputException(file + ": the chat template has " + size + " characters, expected at most " + LARGEST + "; correct it in the checkpoint (a bundle is then converted again)");
    }

    private static JsonNode config(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            return new ObjectMapper().createObjectNode();
        }
        try {
            return new ObjectMapper().readTree(text(file));
        } catch (JsonProcessingException e) {
            throw new InputException(file + ": is no JSON: " + e.getOriginalMessage(), e);
        }
    }

    // A string, or several with names.
    private static Optional<String> source(JsonNode node) {
        if (node.isTextual()) {
            return Optional.of(node.textValue());
        }
        for (JsonNode named : node) {
            if (named.path("name").asText().equals("default") && named.path("template").isTextual()) {
                return Optional.of(named.path("template").textValue());
            }
        }
        return Optional.empty();
    }

    private static Map<String, Object> tokens(JsonNode config) {
        var tokens = new HashMap<String, Object>();
        config.properties().forEach(field -> {
            JsonNode text = field.getValue().isObject() ? field.getValue().path("content") : field.getValue();
            if (field.getKey().endsWith("_token") && text.isTextual()) {
                tokens.put(field.getKey(), text.textValue());
            }
        });
        return tokens;
    }

    @Override
    public String render(List<ChatMessage> messages) {
        var given = new HashMap<>(values);
        var list = new ArrayList<Object>();
        for (ChatMessage m : messages) {
            var message = new LinkedHashMap<String, Object>();
            message.put("role", m.role());
            message.put("content", parts ? parts(m) : ChatTemplate.marked(m));
            list.add(message);
        }
        given.put("messages", list);
        given.put("add_generation_prompt", true);
        given.put("tools", null);
        given.put("documents", null);
        try {
            return template.render(given);
        } catch (TemplateException e) {
            throw error(e);
        }
    }

    // Other messages may help where the template refuses these or they are too much for it; where it is wrong, nothing that a client sends does.
    private static ApiError error(TemplateException e) {
        return switch (e.reason()) {
            case RAISED -> ApiError.field("messages", "the model's chat template refuses these messages: " + e.getMessage());
            case LIMIT -> ApiError.field("messages", "the model's chat template takes too much for these messages: " + e.getMessage() + "; send fewer or shorter ones");
            case FAILED -> ApiError.server(500, "the model's chat template fails: " + e.getMessage() + "; correct it in the bundle, or serve it with --chat-template plain");
        };
    }

    /** A template of a model that takes images has a list of parts for a message, each an image or a text. */
    private static List<Map<String, Object>> parts(ChatMessage message) {
        var list = new ArrayList<Map<String, Object>>();
        for (int i = 0; i < message.images(); i++) {
            list.add(Map.of("type", "image"));
        }
        list.add(Map.of("type", "text", "text", message.content()));
        return list;
    }

    @Override
    public boolean hasSpecialTokens() {
        return true;
    }

    @Override
    public List<String> stops() {
        return List.of();
    }
}
