// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonObjectTest {
    @TempDir
    private Path dir;

    private static JsonObject json(String text) {
        return JsonObject.parse(text.replace('\'', '"'), "c.json");
    }

    private static void refused(String message, Executable what) {
        assertEquals(message, assertThrows(InputException.class, what).getMessage());
    }

    @Test
    void readsEachType() {
        JsonObject o = json("{'i': 7, 'd': 1e-05, 'b': true, 's': 'x', 'o': {'n': 1}, 'l': [1, 2], 'f': [0.5, 2], 't': ['a'], 'os': [{}], 'z': null}");
        assertEquals(7, o.requireInt("i", 1, 10));
        assertEquals(1e-5, o.requireDouble("d", 0, 1));
        assertEquals(7.0, o.requireDouble("i", 0, 10));
        assertTrue(o.optBool("b", false));
        assertEquals("x", o.requireString("s"));
        assertEquals(1, o.requireObject("o").requireInt("n", 0, 1));
        assertEquals(Optional.of(List.of(1, 2)), o.optInts("l", 0, 9));
        assertEquals(Optional.of(List.of(0.5, 2.0)), o.optDoubles("f", 0, 9));
        assertEquals(Optional.of(List.of("a")), o.optStrings("t"));
        assertEquals(1, o.optObjects("os").orElseThrow().size());
        assertEquals(Optional.of(List.of(7)), o.optIntOrInts("i", 0, 9));
        assertEquals(Optional.of(List.of(1, 2)), o.optIntOrInts("l", 0, 9));
        assertEquals(List.of("i", "d", "b", "s", "o", "l", "f", "t", "os", "z"), List.copyOf(o.keys()));
    }

    @Test
    void nullIsAbsent() {
        JsonObject o = json("{'z': null}");
        assertFalse(o.has("z"));
        assertEquals(3, o.optInt("z", 3, 0, 9));
        assertEquals(0.5, o.optDouble("z", 0.5, 0, 1));
        assertTrue(o.optBool("z", true));
        assertEquals("d", o.optString("z", "d"));
        assertEquals(Optional.empty(), o.optObject("z"));
        assertEquals(Optional.empty(), o.optInts("z", 0, 1));
        refused("c.json: \"z\" is missing, expected an integer from 0 to 9", () -> o.requireInt("z", 0, 9));
    }

    @Test
    void messagesNameFileKeyFoundAndExpected() {
        JsonObject o = json("{'n': -3, 'big': 99999999999, 'f': 1.5, 's': 'x', 'o': {'rope': {'factor': 'two'}}, 'l': [1, 'b'], 'huge': 1e999}");
        refused("c.json: \"n\" is -3, expected an integer of at least 1", () -> o.requireInt("n", 1, Integer.MAX_VALUE));
        refused("c.json: \"big\" is 99999999999, expected an integer from 1 to 65536", () -> o.optInt("big", 1, 1, 65536));
        refused("c.json: \"f\" is 1.5, expected an integer from 1 to 5", () -> o.requireInt("f", 1, 5));
        refused("c.json: \"s\" is \"x\", expected true or false", () -> o.optBool("s", false));
        refused("c.json: \"n\" is -3, expected a string", () -> o.optString("n", null));
        refused("c.json: \"s\" is \"x\", expected an object", () -> o.optObject("s"));
        refused("c.json: \"o.rope.factor\" is \"two\", expected a number from 1.0 to 100.0",
                () -> o.requireObject("o").requireObject("rope").requireDouble("factor", 1, 100));
        refused("c.json: \"l[1]\" is \"b\", expected an integer from 0 to 9", () -> o.optInts("l", 0, 9));
        refused("c.json: \"s\" is \"x\", expected a list", () -> o.optStrings("s"));
        refused("c.json: \"s\" is \"x\", expected silu or gelu", () -> {
            throw o.error("s", "silu or gelu");
        });
        String huge = assertThrows(InputException.class, () -> o.requireDouble("huge", 0, Double.MAX_VALUE)).getMessage();
        assertTrue(huge.endsWith("expected a number of at least 0.0"), huge);
    }

    @Test
    void longValuesAreShortenedInMessages() {
        JsonObject o = json("{'s': '" + "x".repeat(100_000) + "'}");
        assertTrue(assertThrows(InputException.class, () -> o.requireInt("s", 0, 1)).getMessage().length() < 200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "[]", "3", "null", "{", "{'a': 1,}", "{'a': 1} x", "{'a': 1}{}", "{'a': NaN}", "{'a': 01}", "{a: 1}", "{'a': 1 /* c */}",
            "{'a': 1, 'a': 2}", "{'o': {'b': 1, 'b': 2}}", "{'a': 'tab\tinside'}"})
    void whatIsNotStrictJsonIsRefused(String text) {
        String message = assertThrows(InputException.class, () -> json(text)).getMessage();
        assertTrue(message.startsWith("c.json"), message);
        assertFalse(message.contains("\n"), message);
    }

    @Test
    void duplicateKeyAndPlaceAreNamed() {
        String message = assertThrows(InputException.class, () -> json("{'a': 1,\n 'a': 2}")).getMessage();
        assertTrue(message.startsWith("c.json:2:") && message.contains("'a'"), message);
    }

    @Test
    void deepNestingIsRefused() {
        String deep = "{\"a\":" + "[".repeat(1_000_000);
        assertTrue(assertThrows(InputException.class, () -> JsonObject.parse(deep, "c.json")).getMessage().contains("depth"));
    }

    @Test
    void filesThatAreNoneAreNamed() throws IOException {
        Path missing = dir.resolve("missing.json");
        refused(missing + ": no such file", () -> JsonObject.read(missing));
        refused(dir + ": is a folder, expected a file", () -> JsonObject.read(dir));
        Path latin = Files.write(dir.resolve("latin.json"), "{\"a\": \"é\"}".getBytes(StandardCharsets.ISO_8859_1));
        refused(latin + ": is not UTF-8 text, expected JSON", () -> JsonObject.read(latin));
        Path large = dir.resolve("large.json");
        try (var file = new RandomAccessFile(large.toFile(), "rw")) {
            file.setLength(JsonObject.MAX_BYTES + 1L);
        }
        refused(large + ": has 16000001 bytes, expected JSON of at most 16000000", () -> JsonObject.read(large));
    }

    @Test
    void textIsReadBackEqual() {
        JsonObject o = json("{'a': [1, {'b': 0.5}], 'c': 'é'}");
        assertEquals(o.node(), JsonObject.parse(o.toText(), "again").node());
    }
}
