// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class OutputFolderTest {
    @TempDir
    private Path folder;

    @Test
    void theNearestFolderThatExistsIsTried() throws IOException {
        OutputFolder o = OutputFolder.of(folder.resolve("a/b/c"));
        assertEquals(folder, o.existing());
        o.requireWritable();
        o.requireSpace("nothing", 0);
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(0, left.count());
        }
    }

    @Test
    void aPathThroughAFileCannotBeMade() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        assertTrue(refused(file.resolve("a/b")).endsWith("cannot be made because " + file + " is no folder; give another output path"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("absent"));
        assertTrue(refused(link.resolve("a")).contains(link + " is a link to nothing"));
        assertTrue(refused(link).contains("is a link to nothing"));
        assertTrue(refused(folder.getRoot()).contains("is the root of a file system"));
    }

    @Test
    void whatDoesNotFitIsRefusedInUnitsThatFit() throws IOException {
        OutputFolder o = OutputFolder.of(folder.resolve("a"));
        String message = assertThrows(IOException.class, () -> o.requireSpace("the bundle", 1L << 60)).getMessage();
        assertTrue(message.startsWith("not enough disk space in " + folder + ": the bundle needs 1.00 EiB and 1.00 MiB to spare, "), message);
        o.requireSpace("the bundle", 1);
    }

    private static String refused(Path path) {
        return assertThrows(InputException.class, () -> OutputFolder.of(path)).getMessage();
    }
}
