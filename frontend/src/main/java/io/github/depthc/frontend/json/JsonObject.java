// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.json;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.function.BiFunction;

/**
 * A JSON object of a file, read by key with the type and range that the reader expects. A key that is absent and a key
 * whose value is {@code null} are the same. Every getter fails with an {@link InputException} that names the file, the key,
 * what was found and what was expected.
 */
public final class JsonObject {
    /** The longest configuration that is read, in bytes. */
    public static final int MAX_BYTES = 16_000_000;

    private final ObjectNode node;
    private final String file;
    private final String path;

    private JsonObject(ObjectNode node, String file, String path) {
        this.node = node;
        this.file = file;
        this.path = path;
    }

    /** As {@link #read(Path, int)}, of at most {@link #MAX_BYTES} bytes. */
    public static JsonObject read(Path file) throws IOException {
        return read(file, MAX_BYTES);
    }

    /**
     * Reads a file whose content is one object. The object takes some ten times the file's size in memory.
     *
     * @param most the most bytes that the file may have
     * @throws InputException when there is no such file, or it is not strict JSON, or not an object
     */
    public static JsonObject read(Path file, int most) throws IOException {
        return of(Json.readObject(file, most), file.toString());
    }

    /** Reads a text whose content is one object; {@code where} stands for the file in messages. */
    public static JsonObject parse(String text, String where) {
        return of(Json.parseObject(text, where), where);
    }

    /** A view of an object that was built in memory; {@code where} stands for the file in messages. */
    public static JsonObject of(ObjectNode node, String where) {
        return new JsonObject(node, where, "");
    }

    /** This object with values for keys that it does not have. */
    public JsonObject withDefaults(ObjectNode defaults) {
        ObjectNode merged = defaults.deepCopy();
        merged.setAll(node);
        return new JsonObject(merged, file, path);
    }

    /** The file that this object is from. */
    public String file() {
        return file;
    }

    /** The underlying object, for what the getters do not cover; not to be changed. */
    public ObjectNode node() {
        return node;
    }

    /** The object as indented JSON text that ends with a newline. */
    public String toText() {
        return node.toPrettyString() + "\n";
    }

    /** All keys, in file order, those of null values included. */
    public SequencedSet<String> keys() {
        var keys = new LinkedHashSet<String>();
        node.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    /** True when the key is present and its value is not null. */
    public boolean has(String key) {
        return node.hasNonNull(key);
    }

    /** The value under the key as an integer in {@code [min, max]}. */
    public int requireInt(String key, int min, int max) {
        return asInt(required(key, intRange(min, max)), key, min, max);
    }

    /** As {@link #requireInt}, or {@code orElse} when the key is absent. */
    public int optInt(String key, int orElse, int min, int max) {
        return has(key) ? requireInt(key, min, max) : orElse;
    }

    /** The value under the key as a finite number in {@code [min, max]}. */
    public double requireDouble(String key, double min, double max) {
        return asDouble(required(key, doubleRange(min, max)), key, min, max);
    }

    /** As {@link #requireDouble}, or {@code orElse} when the key is absent. */
    public double optDouble(String key, double orElse, double min, double max) {
        return has(key) ? requireDouble(key, min, max) : orElse;
    }

    /** The value under the key as true or false, or {@code orElse} when the key is absent. */
    public boolean optBool(String key, boolean orElse) {
        if (!has(key)) {
            return orElse;
        }
        JsonNode value = node.get(key);
        if (!value.isBoolean()) {
            throw unexpected(key, value, "true or false");
        }
        return value.booleanValue();
    }

    /** The value under the key as a string. */
    public String requireString(String key) {
        JsonNode value = required(key, "a string");
        if (!value.isTextual()) {
            throw unexpected(key, value, "a string");
        }
        return value.textValue();
    }

    /** As {@link #requireString}, or {@code orElse} (which may be null) when the key is absent. */
    public String optString(String key, String orElse) {
        return has(key) ? requireString(key) : orElse;
    }

    /** The value under the key as an object. */
    public JsonObject requireObject(String key) {
        return asObject(required(key, "an object"), key);
    }

    /** As {@link #requireObject}, or empty when the key is absent. */
    public Optional<JsonObject> optObject(String key) {
        return has(key) ? Optional.of(requireObject(key)) : Optional.empty();
    }

    /** The value under the key as a list of integers in {@code [min, max]}, or empty when the key is absent. */
    public Optional<List<Integer>> optInts(String key, int min, int max) {
        return optList(key, (value, at) -> asInt(value, at, min, max));
    }

    /** As {@link #optInts}; one integer that is not in a list counts as a list of one, as in {@code eos_token_id}. */
    public Optional<List<Integer>> optIntOrInts(String key, int min, int max) {
        return has(key) && !node.get(key).isArray() ? Optional.of(List.of(requireInt(key, min, max))) : optInts(key, min, max);
    }

    /** The value under the key as a list of finite numbers in {@code [min, max]}, or empty when the key is absent. */
    public Optional<List<Double>> optDoubles(String key, double min, double max) {
        return optList(key, (value, at) -> asDouble(value, at, min, max));
    }

    /** The value under the key as a list of strings, or empty when the key is absent. */
    public Optional<List<String>> optStrings(String key) {
        return optList(key, (value, at) -> {
            if (!value.isTextual()) {
                throw unexpected(at, value, "a string");
            }
            return value.textValue();
        });
    }

    /** The value under the key as a list of objects, or empty when the key is absent. */
    public Optional<List<JsonObject>> optObjects(String key) {
        return optList(key, this::asObject);
    }

    /**
     * The error for a value that has the right JSON type and still cannot be accepted:
     * {@code config.json: "hidden_act" is "relu6", expected silu or gelu}.
     *
     * @param key      a key, absent or present
     * @param expected what would have been accepted
     */
    public InputException error(String key, String expected) {
        return has(key) ? unexpected(key, node.get(key), expected) : missing(key, expected);
    }

    private JsonNode required(String key, String expected) {
        if (!has(key)) {
            throw missing(key, expected);
        }
        return node.get(key);
    }

    private int asInt(JsonNode value, String key, int min, int max) {
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < min || value.intValue() > max) {
            throw unexpected(key, value, intRange(min, max));
        }
        return value.intValue();
    }

    private double asDouble(JsonNode value, String key, double min, double max) {
        double d = value.doubleValue();
        if (!value.isNumber() || !Double.isFinite(d) || d < min || d > max) {
            throw unexpected(key, value, doubleRange(min, max));
        }
        return d;
    }

    private JsonObject asObject(JsonNode value, String key) {
        if (value instanceof ObjectNode object) {
            return new JsonObject(object, file, path + key + ".");
        }
        throw unexpected(key, value, "an object");
    }

    private <T> Optional<List<T>> optList(String key, BiFunction<JsonNode, String, T> element) {
        if (!has(key)) {
            return Optional.empty();
        }
        JsonNode value = node.get(key);
        if (!value.isArray()) {
            throw unexpected(key, value, "a list");
        }
        var list = new ArrayList<T>(value.size());
        for (int i = 0; i < value.size(); i++) {
            list.add(element.apply(value.get(i), key + "[" + i + "]"));
        }
        return Optional.of(List.copyOf(list));
    }

    private InputException missing(String key, String expected) {
        return new InputException(file + ": \"" + path + key + "\" is missing, expected " + expected);
    }

    private InputException unexpected(String key, JsonNode found, String expected) {
        return new InputException(file + ": \"" + path + key + "\" is " + Json.shorten(found) + ", expected " + expected);
    }

    private static String intRange(int min, int max) {
        return max == Integer.MAX_VALUE ? "an integer of at least " + min : "an integer from " + min + " to " + max;
    }

    private static String doubleRange(double min, double max) {
        boolean low = min > -Double.MAX_VALUE;
        boolean high = max < Double.MAX_VALUE;
        return low && high ? "a number from " + min + " to " + max
                : low ? "a number of at least " + min
                : high ? "a number of at most " + max : "a number";
    }
}
