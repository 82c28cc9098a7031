// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StagingFolderTest {
    @TempDir
    private Path dir;

    private List<String> entries() throws IOException {
        try (var list = Files.list(dir)) {
            return list.map(p -> p.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void committedBecomesTheTarget() throws IOException {
        Path target = dir.resolve("a/b/out");
        try (StagingFolder s = StagingFolder.open(target, false)) {
            Files.writeString(s.folder().resolve("x"), "1");
            assertFalse(Files.exists(target));
            s.commit();
        }
        assertEquals("1", Files.readString(target.resolve("x")));
        try (var list = Files.list(target.getParent())) {
            assertEquals(List.of(target), list.toList());
        }
        try (var list = Files.list(target)) {
            assertEquals(List.of(target.resolve("x")), list.toList());
        }
    }

    @Test
    void uncommittedLeavesNothingNotEvenParents() throws IOException {
        try (StagingFolder s = StagingFolder.open(dir.resolve("a/b/out"), false)) {
            Files.createDirectory(s.folder().resolve("weights"));
            Files.writeString(s.folder().resolve("weights/x"), "1");
        }
        assertEquals(List.of(), entries());
    }

    @Test
    void anInterruptedWriterLeavesNothingNotEvenParents() throws IOException {
        try (StagingFolder s = StagingFolder.open(dir.resolve("a/b/out"), false)) {
            Files.writeString(s.folder().resolve("half"), "x");
            s.abandon();
            assertEquals(List.of(), entries());
        }
    }

    @Test
    void anEmptyFolderMayBeTheTargetButNothingThatCameMeanwhile() throws IOException {
        Path target = Files.createDirectory(dir.resolve("out"));
        try (StagingFolder s = StagingFolder.open(target, false)) {
            Files.writeString(s.folder().resolve("x"), "1");
            Files.writeString(target.resolve("thesis.txt"), "years of work");
            assertThrows(IOException.class, s::commit);
        }
        assertEquals("years of work", Files.readString(target.resolve("thesis.txt")));
        Files.delete(target.resolve("thesis.txt"));
        try (StagingFolder s = StagingFolder.open(target, false)) {
            Files.writeString(s.folder().resolve("x"), "1");
            s.commit();
        }
        assertEquals("1", Files.readString(target.resolve("x")));
        assertEquals(List.of("out"), entries());
    }

    @Test
    void replacesWhatIsThere() throws IOException {
        Path target = Files.createDirectory(dir.resolve("out"));
        Files.writeString(target.resolve("old"), "1");
        try (StagingFolder s = StagingFolder.open(target, true)) {
            Files.writeString(s.folder().resolve("x"), "new");
            s.commit();
        }
        assertEquals("new", Files.readString(target.resolve("x")));
        assertFalse(Files.exists(target.resolve("old")));
        assertEquals(List.of("out"), entries());
    }

    @Test
    void uncommittedKeepsWhatIsThere() throws IOException {
        Path target = Files.createDirectory(dir.resolve("out"));
        Files.writeString(target.resolve("old"), "1");
        try (StagingFolder s = StagingFolder.open(target, true)) {
            Files.writeString(s.folder().resolve("x"), "new");
        }
        assertEquals("1", Files.readString(target.resolve("old")));
        assertEquals(List.of("out"), entries());
    }

    @Test
    void oneFileBecomesTheTarget() throws IOException {
        for (Path target : List.of(dir.resolve("a/b/file"), Files.writeString(dir.resolve("file"), "old"))) {
            try (StagingFolder s = StagingFolder.open(target, true)) {
                Files.writeString(s.folder().resolve("x"), "1");
                Files.writeString(s.folder().resolve("y"), "2");
                s.commit("x");
            }
            assertEquals("1", Files.readString(target));
        }
        assertEquals(List.of("a", "file"), entries());
        try (var list = Files.list(dir.resolve("a/b"))) {
            assertEquals(1, list.count());
        }
    }

    @Test
    void whatAKilledProcessLeftIsDeleted() throws IOException {
        Path left = Files.createDirectory(dir.resolve(".out.1-abc.partial"));
        Files.createFile(left.resolve(".lock"));
        Files.writeString(left.resolve("half"), "x");
        try (StagingFolder s = StagingFolder.open(dir.resolve("out"), false)) {
            assertEquals(List.of(s.folder().getFileName().toString()), entries());
        }
        assertEquals(List.of(), entries());
    }

    @Test
    void anotherWriterOfTheSameTargetIsLeftAlone() throws IOException {
        try (StagingFolder first = StagingFolder.open(dir.resolve("out"), false)) {
            try (StagingFolder second = StagingFolder.open(dir.resolve("out"), false)) {
                assertTrue(Files.exists(first.folder()));
                assertTrue(Files.exists(second.folder()));
            }
            assertTrue(Files.exists(first.folder()));
        }
    }

    @Test
    void parentThatIsAFile() throws IOException {
        Path file = Files.writeString(dir.resolve("f"), "");
        var e = assertThrows(InputException.class, () -> StagingFolder.open(file.resolve("out"), false));
        assertTrue(e.getMessage().contains("is no folder"), e.getMessage());
    }
}
