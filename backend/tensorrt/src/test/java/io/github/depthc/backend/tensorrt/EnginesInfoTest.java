// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.tensorrt.EnginesInfo.EngineFile;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class EnginesInfoTest {
    private static final EnginesInfo INFO = new EnginesInfo("NVIDIA H200", 90, "11.2.1", "13.0", 2048, 8, "ab12",
            List.of(new EngineFile("segment-000.engine", 12), new EngineFile("attention-000.engine", 1L << 40)));

    @TempDir
    private Path folder;

    private InputException bad(String text) throws IOException {
        Files.writeString(folder.resolve("engines.json"), text);
        var e = assertThrows(InputException.class, () -> EnginesInfo.read(folder, EngineNames.JSON));
        assertTrue(e.getMessage().contains("engines.json") && !e.getMessage().contains("\n"), e.getMessage());
        return e;
    }

    private String text() throws IOException {
        INFO.write(folder, EngineNames.JSON);
        return Files.readString(folder.resolve("engines.json"));
    }

    @Test
    void readsWhatItWrites() throws IOException {
        INFO.write(folder, EngineNames.JSON);
        assertEquals(INFO, EnginesInfo.read(folder, EngineNames.JSON));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\'', value = {
        "'\"depthc_engines\" : 1'|'\"depthc_engines\" : 2'|depthc_engines is 2, expected 1",
        "'\"gpu\" : \"NVIDIA H200\"'|'\"gpu\" : 3'|gpu is 3, expected a text",
        "'\"max_prompt\" : 2048'|'\"max_prompt\" : 0'|max_prompt is 0, expected a whole number from 1",
        "'\"max_batch\" : 8'|'\"max_batch\" : 99999999999'|max_batch is 99999999999",
        "'\"size\" : 12'|'\"size\" : -1'|engines[0].size is -1",
        "'\"size\" : 12'|'\"size\" : 9223372036854775807'|engines[0].size is 9223372036854775807, expected a whole number from 1 to 2251799813685247",
        "'\"gpu\" : \"NVIDIA H200\"'|'\"gpu\" : \"NVIDIA\\nH200\\u001b[2J\"'|'gpu is \"NVIDIA\\nH200\\u001B[2J\", expected a text without control characters'",
        "'\"tensorrt\" : \"11.2.1\",'|''|tensorrt is missing",
        "'\"architecture\" : 90'|'\"architecture\" : \"90\"'|architecture is \"90\""})
    void complaints(String was, String becomes, String complaint) throws IOException {
        String text = text();
        assertTrue(text.contains(was), text);
        assertTrue(bad(text.replace(was, becomes)).getMessage().contains(complaint), bad(text.replace(was, becomes)).getMessage());
    }

    @Test
    void whatIsNoDescription() throws IOException {
        assertTrue(bad("").getMessage().endsWith("engines.json is empty"));
        assertTrue(bad("{").getMessage().endsWith("engines.json is no JSON: it ends within a value; it is cut short"), bad("{").getMessage());
        assertTrue(bad("{x").getMessage().endsWith("engines.json is no JSON: found 'x', expected double-quote to start field name"), bad("{x").getMessage());
        assertTrue(bad("[]").getMessage().endsWith("the document is an array of 0 elements, expected an object"), bad("[]").getMessage());
        bad("null");
        bad("[".repeat(100_000));
        bad("{\"gpu\": \"" + "x".repeat(100_000) + "\"}");
        assertTrue(bad(" ".repeat(2 << 20)).getMessage().contains("at most"));
    }
}
