// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class HashingCopyTest {
    private static final FiniteRanges NO_WEIGHTS = new FiniteRanges(List.of(), WeightStore.EMPTY);

    @TempDir
    private Path dir;

    // Around the chunk of 32 MiB.
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 1000, 32 << 20, (32 << 20) + 1, (70 << 20) + 13})
    void copiesAndHashes(int size) throws IOException {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        Path from = Files.write(dir.resolve("from"), bytes);
        Path to = dir.resolve("to");
        var written = new AtomicLong();
        String hash = HashingCopy.copy(from, to, NO_WEIGHTS, written::addAndGet);
        assertEquals(-1, Files.mismatch(from, to));
        assertEquals(Checksums.whole(from), hash);
        assertEquals(size, written.get());
    }

    @Test
    void doesNotOverwrite() throws IOException {
        Path from = Files.writeString(dir.resolve("from"), "a");
        Path to = Files.writeString(dir.resolve("to"), "b");
        assertThrows(FileAlreadyExistsException.class, () -> HashingCopy.copy(from, to, NO_WEIGHTS, n -> { }));
        assertEquals("b", Files.readString(to));
    }

    @Test
    void failureOfTheCallerEndsTheHashThreadToo() throws IOException {
        Path from = Files.write(dir.resolve("from"), new byte[40 << 20]);
        var thrown = assertThrows(IllegalStateException.class, () -> HashingCopy.copy(from, dir.resolve("to"), NO_WEIGHTS, n -> {
            throw new IllegalStateException("stop");
        }));
        assertEquals("stop", thrown.getMessage());
    }
}
