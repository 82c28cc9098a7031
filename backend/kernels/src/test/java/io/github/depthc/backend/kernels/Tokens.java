// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.stream.IntStream;

/** Rows of uneven length, each token with a chance of being a candidate. */
record Tokens(int[] offsets, MemorySegment rowOffsets, MemorySegment candidates, int n) {
    static Tokens of(Buffers b, Random random, double share, int... lengths) {
        int[] offsets = new int[lengths.length + 1];
        for (int r = 0; r < lengths.length; r++) {
            offsets[r + 1] = offsets[r] + lengths[r];
        }
        int n = offsets[lengths.length];
        MemorySegment candidates = b.bytes(n);
        for (int t = 0; t < n; t++) {
            candidates.set(JAVA_BYTE, t, (byte) (random.nextDouble() < share ? 1 : 0));
        }
        return new Tokens(offsets, b.ints(offsets), candidates, n);
    }

    int rows() {
        return offsets.length - 1;
    }

    /** Up to four rows, short ones among them, of which none, some or all tokens are candidates. */
    static Tokens random(Buffers b, Random random) {
        int[] lengths = IntStream.range(0, 1 + random.nextInt(4)).map(r -> random.nextInt(5) == 0 ? random.nextInt(3) : 1 + random.nextInt(90)).toArray();
        return of(b, random, new double[] {0, 0.5, 0.9, 1}[random.nextInt(4)], lengths);
    }
}
