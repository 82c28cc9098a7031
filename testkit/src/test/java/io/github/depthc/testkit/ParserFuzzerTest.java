// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.BuiltinOps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ParserFuzzerTest {
    private static final int TEXTS = 4000;

    /** The IR's own test files, and some random models. */
    private static List<String> texts() throws IOException {
        var texts = new ArrayList<>(RandomModels.texts(0, 6));
        try (Stream<Path> files = Files.walk(Path.of(System.getProperty("depthc.root"), "ir/src/test/resources"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".mir")).sorted().toList()) {
                texts.add(Files.readString(file));
            }
        }
        return texts;
    }

    @Test
    void everyDamagedTextIsReadOrRefused() throws IOException {
        ParserFuzzer.Summary summary = new ParserFuzzer(BuiltinOps.SET, texts()).run(0, TEXTS);
        // Both ways are taken often enough for the test to mean something.
        assertTrue(summary.read() > TEXTS / 50 && summary.read() < TEXTS * 49 / 50, summary.toString());
    }
}
