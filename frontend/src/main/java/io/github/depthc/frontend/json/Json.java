// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.io.JsonProblem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Strict JSON: UTF-8, no extensions, no duplicate keys, nothing behind the value, bounded size and depth. */
public final class Json {
    /** The longest document that is read, in bytes. */
    public static final int MAX_BYTES = 100_000_000;

    /** The deepest nesting that is read. */
    public static final int MAX_DEPTH = 100;

    private static final int MAX_SHOWN = 60;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxDocumentLength(MAX_BYTES)
                    .build())
            .build();
    private static final ObjectMapper MAPPER = JsonMapper.builder(FACTORY).build();

    private Json() {
    }

    /** A new object to fill. */
    public static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    static ObjectNode readObject(Path file, int most) throws IOException {
        long size = Files.size(InputFiles.requireFile(file));
        if (size > most) {
            throw new InputException(file + ": has " + size + " bytes, expected JSON of at most " + most);
        }
        byte[] bytes = Files.readAllBytes(file);
        return parseObject(decode(bytes, 0, bytes.length, file.toString()), file.toString());
    }

    static ObjectNode parseObject(String text, String where) {
        return parse(text, where, parser -> {
            JsonNode node = MAPPER.readTree(parser);
            if (node instanceof ObjectNode object) {
                return object;
            }
            throw new InputException(where + ": holds " + (node == null ? "nothing" : shorten(node)) + ", expected a JSON object");
        });
    }

    /** What is done with a parser; a {@link JsonProcessingException} from it becomes an {@link InputException}. */
    @FunctionalInterface
    public interface Parsing<T> {
        /** Reads one value from the parser. */
        T apply(JsonParser parser) throws IOException;
    }

    /**
     * Reads one value token by token, for documents whose tree would be large.
     *
     * @param text  the document
     * @param where stands for the file in messages
     */
    public static <T> T parse(String text, String where, Parsing<T> body) {
        try (JsonParser parser = MAPPER.createParser(text)) {
            T value = body.apply(parser);
            if (parser.nextToken() != null) {
                throw new InputException(place(where, parser.currentTokenLocation()) + ": text behind the JSON value");
            }
            return value;
        } catch (JsonProcessingException e) {
            throw new InputException(place(where, e.getLocation()) + ": " + JsonProblem.plain(e.getOriginalMessage()) + "; expected strict JSON", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Bytes as text; {@link InputException} when they are not UTF-8. */
    public static String decode(byte[] bytes, int offset, int length, String where) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, offset, length)).toString();
        } catch (CharacterCodingException e) {
            throw new InputException(where + ": is not UTF-8 text, expected JSON", e);
        }
    }

    static String shorten(JsonNode node) {
        return shorten(node.toString());
    }

    private static String shorten(String text) {
        return text.length() <= MAX_SHOWN ? text : text.substring(0, MAX_SHOWN) + "…";
    }

    private static String place(String where, JsonLocation at) {
        return at == null ? where : where + ":" + at.getLineNr() + ":" + at.getColumnNr();
    }
}
