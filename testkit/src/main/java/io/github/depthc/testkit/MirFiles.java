// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/** The {@code .mir} files below a folder as tests. */
final class MirFiles {
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private MirFiles() {
    }

    /** The lines of a file; {@link AssertionError} that names it where it is not UTF-8. */
    static List<String> lines(Path file) throws IOException {
        try {
            List<String> lines = new ArrayList<>(Files.readAllLines(file));
            if (!lines.isEmpty() && lines.getFirst().startsWith(BYTE_ORDER_MARK)) {
                lines.set(0, lines.getFirst().substring(1));
            }
            return lines;
        } catch (CharacterCodingException e) {
            throw new AssertionError(file + ": is not UTF-8 text", e);
        }
    }

    /** What a file's test does. */
    @FunctionalInterface
    interface Body {
        void run(Path file) throws IOException;
    }

    /** One test for each file, in the order of their names; a folder without any is an error. */
    static Stream<DynamicTest> tests(Path folder, Body body) {
        if (Files.isRegularFile(folder)) {
            throw new IllegalArgumentException(folder + " is a file, expected a folder of .mir files; run(Path) runs one file");
        }
        try (Stream<Path> walk = Files.walk(folder)) {
            List<Path> files = walk.filter(f -> f.toString().endsWith(".mir")).sorted().toList();
            if (files.isEmpty()) {
                throw new IllegalArgumentException(folder + " has no .mir files");
            }
            return files.stream().map(f -> DynamicTest.dynamicTest(folder.relativize(f).toString(), f.toUri(), () -> body.run(f)));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list the tests of " + folder, e);
        }
    }
}
