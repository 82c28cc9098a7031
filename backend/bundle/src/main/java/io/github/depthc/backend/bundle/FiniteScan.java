// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import io.github.depthc.ir.DType;
import java.lang.foreign.MemorySegment;

/**
 * Looks for NaN and infinities in a stream of floating point elements that comes in pieces of any size. Both have an exponent
 * of ones only, so that one added to the exponents carries into the sign bits; several elements are tested as one word, in a
 * loop that the JIT compiler vectorises.
 */
final class FiniteScan {
    // Stays in the first-level cache between the copy and the test.
    private static final int WORDS = 2048;
    private static final long BYTES = (long) WORDS * Long.BYTES;

    private final long[] words = new long[WORDS];
    private final MemorySegment block = MemorySegment.ofArray(words);
    private long exponents;
    private long ones;
    private long signs;
    private long filled;

    /** Begins a new stream of elements, little-endian. */
    void begin(DType type) {
        switch (type) {
            case F64 -> masks(0x7ff0_0000_0000_0000L, 0x0010_0000_0000_0000L, Long.MIN_VALUE);
            case F32 -> masks(0x7f80_0000_7f80_0000L, 0x0080_0000_0080_0000L, 0x8000_0000_8000_0000L);
            case F16 -> masks(0x7c00_7c00_7c00_7c00L, 0x0400_0400_0400_0400L, 0x8000_8000_8000_8000L);
            case BF16 -> masks(0x7f80_7f80_7f80_7f80L, 0x0080_0080_0080_0080L, 0x8000_8000_8000_8000L);
            default -> throw new IllegalArgumentException(type + " is no floating point type");
        }
        filled = 0;
    }

    private void masks(long exponent, long one, long sign) {
        exponents = exponent;
        ones = one;
        signs = sign;
    }

    /** The next bytes of the stream; false once a NaN or infinity has been found in what came so far. */
    boolean add(MemorySegment bytes, long from, long count) {
        boolean finite = true;
        for (long done = 0; done < count;) {
            long n = Math.min(count - done, BYTES - filled);
            MemorySegment.copy(bytes, from + done, block, filled, n);
            done += n;
            filled += n;
            if (filled == BYTES) {
                finite &= isFinite(WORDS);
                filled = 0;
            }
        }
        return finite;
    }

    /** Ends the stream; false when a NaN or infinity has been found in its last bytes. */
    boolean end() {
        int n = (int) ((filled + Long.BYTES - 1) / Long.BYTES);
        block.asSlice(filled, (long) n * Long.BYTES - filled).fill((byte) 0);
        filled = 0;
        return isFinite(n);
    }

    private boolean isFinite(int n) {
        long carries = 0;
        for (int i = 0; i < n; i++) {
            carries |= (words[i] & exponents) + ones;
        }
        return (carries & signs) == 0;
    }
}
