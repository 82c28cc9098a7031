// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.depthc.ir.Counted;
import io.github.depthc.ir.InputException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** Reads fields of a JSON object, such as {@code bundle.json}; every complaint says where the field is and what was expected. */
public final class JsonFields {
    // Long text in a message helps nobody.
    private static final int SHOWN = 60;

    private final JsonNode object;
    private final Path file;
    private final String remedy;
    private final String where;

    /** The document of a file of a bundle. */
    JsonFields(JsonNode document, Path file) {
        this(document, file, "; restore it or convert the model again");
    }

    /**
     * The document of a file.
     *
     * @param remedy what the complaint that something is no object ends with; may be empty
     */
    public JsonFields(JsonNode document, Path file, String remedy) {
        this(document, file, remedy, "");
    }

    private JsonFields(JsonNode object, Path file, String remedy, String where) {
        this.object = object;
        this.file = file;
        this.remedy = remedy;
        this.where = where;
        if (!object.isObject()) {
            throw new InputException(file + ": " + (where.isEmpty() ? "the document" : where) + " is " + shown(object) + ", expected an object" + remedy);
        }
    }

    JsonFields object(String name) {
        return new JsonFields(get(name, "an object"), file, remedy, path(name));
    }

    /** The elements of an array, each an object, of which there are at most {@code max}. */
    public <T> List<T> list(String name, int max, Function<JsonFields, T> element) {
        JsonNode array = array(name, max);
        var made = new ArrayList<T>();
        for (int i = 0; i < array.size(); i++) {
            made.add(element.apply(new JsonFields(array.get(i), file, remedy, path(name) + "[" + i + "]")));
        }
        return made;
    }

    List<Integer> ints(String name, int min, int max) {
        JsonNode array = array(name, 4096);
        var made = new ArrayList<Integer>();
        for (int i = 0; i < array.size(); i++) {
            made.add((int) integer(array.get(i), path(name) + "[" + i + "]", min, max));
        }
        return made;
    }

    List<String> texts(String name, int max) {
        JsonNode array = array(name, max);
        var made = new ArrayList<String>();
        for (JsonNode node : array) {
            if (!node.isTextual() || node.textValue().length() > 4096) {
                throw bad(name, node, "texts of at most 4096 characters");
            }
            made.add(node.textValue());
        }
        return made;
    }

    boolean has(String name) {
        return object.hasNonNull(name);
    }

    /** A text of at most 4096 characters. */
    public String text(String name) {
        JsonNode node = get(name, "a text");
        if (!node.isTextual() || node.textValue().length() > 4096) {
            throw bad(name, node, "a text of at most 4096 characters");
        }
        return node.textValue();
    }

    /** A text that stands in a line: the same without control characters. */
    public String line(String name) {
        String text = text(name);
        if (text.chars().anyMatch(Character::isISOControl)) {
            throw bad(name, object.get(name), "a text without control characters");
        }
        return text;
    }

    boolean flag(String name) {
        JsonNode node = get(name, "true or false");
        if (!node.isBoolean()) {
            throw bad(name, node, "true or false");
        }
        return node.booleanValue();
    }

    /** A whole number. */
    public int integer(String name, int min, int max) {
        return (int) number(name, min, max);
    }

    /** A whole number that may be large. */
    public long number(String name, long min, long max) {
        return integer(get(name, "a whole number"), path(name), min, max);
    }

    double real(String name, double min, double max) {
        JsonNode node = get(name, "a number");
        if (!node.isNumber() || !(node.doubleValue() >= min && node.doubleValue() <= max)) {
            throw bad(name, node, "a number from " + min + " to " + max);
        }
        return node.doubleValue();
    }

    /** A constant by its name in lower case. */
    <E extends Enum<E>> E constant(String name, Class<E> type) {
        String text = text(name);
        for (E e : type.getEnumConstants()) {
            if (text(e).equals(text)) {
                return e;
            }
        }
        throw oneOf(name, java.util.Arrays.stream(type.getEnumConstants()).map(JsonFields::text).toList());
    }

    /** The complaint that a text field has none of the values that exist. */
    InputException oneOf(String name, List<String> expected) {
        return bad(name, object.get(name), "one of " + expected);
    }

    /** Spelling of a constant. */
    static String text(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /** A complaint about this object. */
    InputException bad(String message) {
        return new InputException(file + ": " + (where.isEmpty() ? "" : where + " ") + message);
    }

    private JsonNode array(String name, int max) {
        JsonNode node = get(name, "an array");
        if (!node.isArray() || node.size() > max) {
            throw bad(name, node, "an array of at most " + max + " elements");
        }
        return node;
    }

    private JsonNode get(String name, String expected) {
        JsonNode node = object.get(name);
        if (node == null) {
            throw new InputException(file + ": " + path(name) + " is missing, expected " + expected);
        }
        return node;
    }

    private long integer(JsonNode node, String path, long min, long max) {
        if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < min || node.longValue() > max) {
            throw new InputException(file + ": " + path + " is " + shown(node) + ", expected "
                    + (min == max ? Long.toString(min) : "a whole number from " + min + " to " + max));
        }
        return node.longValue();
    }

    private InputException bad(String name, JsonNode node, String expected) {
        return new InputException(file + ": " + path(name) + " is " + shown(node) + ", expected " + expected);
    }

    private String path(String name) {
        return where.isEmpty() ? name : where + "." + name;
    }

    /** A value in a message, not longer than helps. */
    static String shown(JsonNode node) {
        if (node.isContainerNode()) {
            return node.isArray() ? "an array of " + Counted.of(node.size(), "element") : "an object";
        }
        String text = node.toString();
        return text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text;
    }
}
