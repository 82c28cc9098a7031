// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.depthc.frontend.json.Json;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.io.JsonProblem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;

/**
 * A {@code tokenizer.json} before the library gets it. Text that is no JSON, or JSON that the library's own reader would not
 * take, makes the library end the process ({@code Helper} and {@code no entry found for key} are what it says then), so
 * that both are found here.
 */
final class TokenizerJson {
    /** The longest file that is read; those of the largest vocabularies have some tens of MB. */
    private static final long MAX_BYTES = 128_000_000;
    /** The library's reader takes 127. */
    private static final int MAX_DEPTH = 100;

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build()).build()).build();

    private final Path file;
    private final JsonParser parser;
    private final TreeSet<Long> own = new TreeSet<>();
    private final Set<Long> added = new HashSet<>();

    private TokenizerJson(Path file, JsonParser parser) {
        this.file = file;
        this.parser = parser;
    }

    /**
     * What is known of a file that the library may read.
     *
     * @param text    the file
     * @param largest the largest id of the vocabulary without the tokens that were added to it; empty when it lists none
     */
    record Content(byte[] text, OptionalLong largest) {
    }

    /** Reads and checks a file; {@link InputException} when it is no JSON object, or one that the library cannot take. */
    static Content read(Path file) throws IOException {
        long size = Files.size(file);
        if (size > MAX_BYTES) {
            throw new InputException(file + ": has " + size + " bytes, expected a tokenizer of at most " + MAX_BYTES);
        }
        byte[] bytes = Files.readAllBytes(file);
        String text = Json.decode(bytes, 0, bytes.length, file.toString());
        try (JsonParser all = MAPPER.createParser(text); JsonParser parser = MAPPER.createParser(text)) {
            checkValues(file, all);
            var json = new TokenizerJson(file, parser);
            json.read();
            json.own.removeAll(json.added);
            return new Content(bytes, json.own.isEmpty() ? OptionalLong.empty() : OptionalLong.of(json.own.last()));
        } catch (JsonProcessingException e) {
            var at = e.getLocation();
            throw new InputException(file + ": cannot be read as a tokenizer: " + (at == null ? "" : "line " + at.getLineNr() + ": ")
                    + JsonProblem.plain(e.getOriginalMessage()) + " (was the download cut short?)", e);
        }
    }

    private static InputException refused(Path file, JsonParser parser, String what) {
        return new InputException(file + ": cannot be read as a tokenizer: line " + parser.currentTokenLocation().getLineNr() + ": " + what);
    }

    /** Goes through the whole text: it is JSON, and each value is one that the library's reader takes. */
    private static void checkValues(Path file, JsonParser parser) throws IOException {
        for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
            switch (token) {
                case FIELD_NAME, VALUE_STRING -> {
                    if (!parser.getText().codePoints().allMatch(c -> c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE)) {
                        throw refused(file, parser, "a string with half of a character");
                    }
                }
                case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> {
                    if (token == JsonToken.VALUE_NUMBER_INT ? parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                            : !Double.isFinite(parser.getDoubleValue())) {
                        throw refused(file, parser, "a number that is too large");
                    }
                }
                default -> {
                }
            }
        }
    }

    private void read() throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw refused(file, parser, "expected a JSON object");
        }
        fields(key -> {
            switch (key) {
                case "model" -> object(this::model);
                case "added_tokens" -> elements(() -> object(this::addedToken));
                case "post_processor" -> checkTemplates(MAPPER.readTree(parser));
                default -> parser.skipChildren();
            }
        });
    }

    private void model(String key) throws IOException {
        if (!key.equals("vocab")) {
            parser.skipChildren();
        } else if (parser.currentToken() == JsonToken.START_OBJECT) {
            fields(token -> id(own));
        } else {
            // Unigram models list their tokens in the order of their ids.
            long[] count = {0};
            elements(() -> {
                own.add(count[0]++);
                parser.skipChildren();
            });
        }
    }

    private void addedToken(String key) throws IOException {
        if (key.equals("id")) {
            id(added);
        } else {
            parser.skipChildren();
        }
    }

    private void id(Set<Long> to) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT) {
            to.add(parser.getLongValue());
        } else {
            parser.skipChildren();
        }
    }

    /** Each special token that a template puts into a text is defined beside it. */
    private void checkTemplates(JsonNode processor) {
        for (String template : new String[] {"single", "pair"}) {
            for (JsonNode piece : processor.path(template)) {
                JsonNode id = piece.path("SpecialToken").path("id");
                if (id.isTextual() && !processor.path("special_tokens").has(id.textValue())) {
                    throw refused(file, parser, "the post_processor uses the special token \"" + id.textValue() + "\", which its special_tokens do not define");
                }
            }
        }
        processor.path("processors").forEach(this::checkTemplates);
    }

    /** Reads a value at which the parser stands. */
    @FunctionalInterface
    private interface Reading {
        void run() throws IOException;
    }

    /** Reads the value of a key. */
    @FunctionalInterface
    private interface Field {
        void of(String key) throws IOException;
    }

    private void object(Field field) throws IOException {
        if (parser.currentToken() == JsonToken.START_OBJECT) {
            fields(field);
        } else {
            parser.skipChildren();
        }
    }

    private void fields(Field field) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            parser.nextToken();
            field.of(key);
        }
    }

    private void elements(Reading element) throws IOException {
        if (parser.currentToken() == JsonToken.START_ARRAY) {
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                element.run();
            }
        } else {
            parser.skipChildren();
        }
    }
}
