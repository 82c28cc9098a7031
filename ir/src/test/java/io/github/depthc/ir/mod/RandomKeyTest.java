// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.mod;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import org.junit.jupiter.api.Test;

class RandomKeyTest {
    @Test
    void keysOfASequenceAreDistinctAndInRange() {
        var seen = new HashSet<Long>();
        for (long i = 0; i < 100_000; i++) {
            long key = RandomKey.of(i, 42, 7);
            assertTrue(key >= 0 && key < (1L << 31) - 1, () -> "key " + key);
            seen.add(key);
        }
        assertEquals(100_000, seen.size());
    }

    @Test
    void keysAreSpreadEvenly() {
        int[] bins = new int[16];
        for (long i = 0; i < 16_000; i++) {
            bins[(int) (RandomKey.of(i, 1, 1) * 16 / (1L << 31))]++;
        }
        for (int b : bins) {
            assertEquals(1000, b, 150);
        }
    }
}
