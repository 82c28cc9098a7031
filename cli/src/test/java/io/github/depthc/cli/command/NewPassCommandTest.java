// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.cli.CommandLineHarness.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class NewPassCommandTest {
    @TempDir
    private Path folder;

    @Test
    void saysWhatToRunNext() {
        Path project = folder.resolve("a folder");
        Outcome o = run("new-pass", "skip-2nd", "--package", "org.example.a", "-o", project);
        assertEquals(0, o.code(), o.err());
        assertTrue(o.out().contains("install -DskipTests") && o.out().contains("mvn -f '" + project + "' verify")
                && o.out().contains("--plugin '" + project.resolve("target/skip-2nd.jar") + "'"), o.out());
        assertTrue(Files.exists(project.resolve("src/main/java/org/example/a/Skip2ndPass.java")));
    }

    @Test
    void noWordIsLeftToFillIn() throws IOException {
        Path project = folder.resolve("p");
        assertEquals(0, run("new-pass", "p", "-o", project).code());
        try (Stream<Path> files = Files.walk(project)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertFalse(Files.readString(file).matches("(?s).*@[A-Za-z.-]+@.*"), file + " has a placeholder");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "SkipCommas, p, lower case words joined by '-'",
        "skip_commas, p, lower case words joined by '-'",
        "'', p, lower case words joined by '-'",
        "schedule, p, the pass 'schedule' is built in",
        "class, p, 'com.example.class'",
        "skip, there, exists already",
    })
    void badInputIsTwoAndWritesNothing(String name, String output, String message) throws IOException {
        Files.createDirectory(folder.resolve("there"));
        Outcome o = run("new-pass", name, "-o", folder.resolve(output));
        assertEquals(2, o.code(), o.err());
        assertTrue(o.err().contains(message), o.err());
        try (Stream<Path> left = Files.walk(folder)) {
            assertEquals(List.of(folder, folder.resolve("there")), left.toList());
        }
    }
}
