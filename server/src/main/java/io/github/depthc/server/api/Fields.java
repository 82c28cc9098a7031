// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Predicate;

/** An object's fields, each asked for once; what nobody asked for is an error. A field that is {@code null} is as if it were absent. */
final class Fields {
    private final ObjectNode object;
    private final String prefix;
    private final Set<String> known = new HashSet<>();

    /**
     * @param prefix before the names in messages, such as {@code messages[2].}
     */
    Fields(ObjectNode object, String prefix) {
        this.object = object;
        this.prefix = prefix;
    }

    /** A field's name in messages. */
    String name(String field) {
        return prefix + field;
    }

    /** Any value. */
    Optional<JsonNode> take(String field) {
        known.add(field);
        JsonNode node = object.get(field);
        return node == null || node.isNull() ? Optional.empty() : Optional.of(node);
    }

    Optional<String> text(String field) {
        return take(field).map(node -> text(node, name(field)));
    }

    /** A string that is text: no half of a character. */
    static String text(JsonNode node, String name) {
        if (!node.isTextual()) {
            throw ApiError.field(name, name + " is " + kind(node) + ", expected a string");
        }
        String text = node.textValue();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean pair = Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1));
            if (Character.isSurrogate(c) && !pair) {
                throw ApiError.field(name, name + " has half of a surrogate pair at position " + i + ", expected text");
            }
            i += pair ? 1 : 0;
        }
        return text;
    }

    boolean flag(String field) {
        return take(field).map(node -> {
            if (!node.isBoolean()) {
                throw ApiError.field(name(field), name(field) + " is " + kind(node) + ", expected true or false");
            }
            return node.booleanValue();
        }).orElse(false);
    }

    OptionalInt integer(String field, int least, int most) {
        OptionalLong value = integer(field, (long) least, most);
        return value.isEmpty() ? OptionalInt.empty() : OptionalInt.of((int) value.getAsLong());
    }

    OptionalLong integer(String field, long least, long most) {
        Optional<JsonNode> node = take(field);
        return node.isEmpty() ? OptionalLong.empty() : OptionalLong.of(integer(node.get(), name(field), least, most));
    }

    static long integer(JsonNode node, String name, long least, long most) {
        if (!node.isNumber() || !node.canConvertToExactIntegral()) {
            throw ApiError.field(name, name + " is " + kind(node) + ", expected a whole number from " + least + " to " + most);
        }
        if (!node.canConvertToLong() || node.longValue() < least || node.longValue() > most) {
            throw ApiError.field(name, name + " is " + node.asText() + ", expected " + least + " to " + most);
        }
        return node.longValue();
    }

    /** A number from {@code least} to {@code most}. */
    Optional<Double> number(String field, double least, double most) {
        return take(field).map(node -> {
            if (!node.isNumber()) {
                throw ApiError.field(name(field), name(field) + " is " + kind(node) + ", expected a number");
            }
            BigDecimal value = node.decimalValue();
            if (value.compareTo(BigDecimal.valueOf(least)) < 0 || value.compareTo(BigDecimal.valueOf(most)) > 0) {
                throw ApiError.field(name(field), name(field) + " is " + node.asText() + ", expected " + least + " to " + most);
            }
            return value.doubleValue();
        });
    }

    /** A field of OpenAI's API that this server knows only the value of that changes nothing. */
    void only(String field, Predicate<JsonNode> neutral, String what) {
        take(field).filter(neutral.negate()).ifPresent(node -> {
            throw ApiError.unsupported(name(field), name(field) + " is not supported here, expected " + what + " or nothing");
        });
    }

    /** Fields of OpenAI's API that this server knows no value of. */
    void unsupported(String... fields) {
        for (String field : fields) {
            take(field).ifPresent(node -> {
                throw ApiError.unsupported(name(field), name(field) + " is not supported here, expected nothing");
            });
        }
    }

    /** For {@link #only}: an array or object with nothing in it. */
    static Predicate<JsonNode> isEmpty() {
        return n -> n.isContainerNode() && n.isEmpty();
    }

    /** Fields that say nothing about the answer. */
    void ignore(String... fields) {
        known.addAll(Set.of(fields));
    }

    /** To be called after all fields that there may be have been asked for. */
    void end() {
        object.properties().forEach(entry -> {
            String field = entry.getKey();
            if (!known.contains(field) && !entry.getValue().isNull()) {
                throw ApiError.field(name(field), "there is no field " + name(field) + "; known here: "
                        + String.join(", ", known.stream().sorted().toList()));
            }
        });
    }

    static String kind(JsonNode node) {
        return switch (node.getNodeType()) {
            case ARRAY -> "an array";
            case BOOLEAN -> node.asText();
            case NUMBER -> "the number " + node.asText();
            case NULL -> "null";
            case STRING -> "a string";
            case OBJECT -> "an object";
            case BINARY, MISSING, POJO -> "nothing";
        };
    }
}
