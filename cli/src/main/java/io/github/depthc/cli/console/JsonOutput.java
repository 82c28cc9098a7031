// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** Results for programs: one object on standard output, and nothing else there. */
public final class JsonOutput {
    private JsonOutput() {
    }

    /** A new object to fill. */
    public static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    /** A list of integers. */
    public static ArrayNode array(int... values) {
        ArrayNode a = JsonNodeFactory.instance.arrayNode(values.length);
        for (int v : values) {
            a.add(v);
        }
        return a;
    }

    /** A list of numbers. */
    public static ArrayNode array(double... values) {
        ArrayNode a = JsonNodeFactory.instance.arrayNode(values.length);
        for (double v : values) {
            a.add(v);
        }
        return a;
    }

    /** Puts a number, or null where there is none. */
    public static void put(ObjectNode o, String key, OptionalDouble value) {
        if (value.isPresent()) {
            o.put(key, value.getAsDouble());
        } else {
            o.putNull(key);
        }
    }

    /** Puts a number, or null where there is none. */
    public static void put(ObjectNode o, String key, OptionalInt value) {
        if (value.isPresent()) {
            o.put(key, value.getAsInt());
        } else {
            o.putNull(key);
        }
    }

    /** Prints the object. */
    public static void print(Console console, ObjectNode object) {
        console.text(object.toPrettyString() + "\n");
    }
}
