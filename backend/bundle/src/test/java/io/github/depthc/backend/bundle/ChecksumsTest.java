// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ChecksumsTest {
    @TempDir
    private Path dir;

    @Test
    void wholeIsSha256() throws IOException {
        Path file = Files.writeString(dir.resolve("f"), "abc");
        assertEquals("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", Checksums.whole(file));
    }

    @Test
    void smallFilesHaveNoSample() throws IOException {
        assertNull(Checksums.sample(Files.writeString(dir.resolve("f"), "abc")));
    }

    @Test
    void sampleSeesHeadAndTailButNotBetweenBlocks() throws IOException {
        Path file = dir.resolve("f");
        long size = Checksums.UNSAMPLED * 4 + 12345;
        try (var f = new RandomAccessFile(file.toFile(), "rw")) {
            f.setLength(size);
        }
        String before = Checksums.sample(file);
        for (long at : new long[] {0, Checksums.SAMPLE_BYTES - 1, size - Checksums.SAMPLE_BYTES, size - 1}) {
            poke(file, at, 1);
            assertNotEquals(before, Checksums.sample(file), "byte " + at);
            poke(file, at, 0);
        }
        poke(file, Checksums.SAMPLE_BYTES, 1);
        assertEquals(before, Checksums.sample(file));
        assertNotEquals(before, Checksums.whole(file));
    }

    private static void poke(Path file, long at, int value) throws IOException {
        try (var f = new RandomAccessFile(file.toFile(), "rw")) {
            f.seek(at);
            f.write(value);
        }
    }
}
