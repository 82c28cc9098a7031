// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** The memory of one case: buffers, each poisoned and between guard zones that must be untouched at the end. */
final class Buffers implements AutoCloseable {
    private static final int GUARD = 256;
    /** As floats and as BF16 a number that no test makes; as an index far out of range. */
    private static final byte POISON = (byte) 0xc5;

    private final Arena arena = Arena.ofConfined();
    private final List<MemorySegment> wholes = new ArrayList<>();
    private final KernelRunner runner;
    private final Precision precision;
    private final Random random;
    private final int shift;

    /**
     * Memory for one case.
     *
     * @param runner of kernels for rows of this precision
     * @param shift  bytes by which rows are away from 16-byte alignment
     */
    Buffers(KernelRunner runner, Precision precision, Random random, int shift) {
        this.runner = runner;
        this.precision = precision;
        this.random = random;
        this.shift = shift;
    }

    /** Launches a kernel on buffers made here: see {@link KernelRunner#launch}. */
    void launch(Kernel kernel, Launch launch, Object... arguments) {
        runner.launch(kernel, launch, wholes, arguments);
    }

    MemorySegment bytes(long count) {
        return at(count, 0);
    }

    MemorySegment floats(long count) {
        return at(count * 4, 0);
    }

    MemorySegment ints(int... values) {
        return floats(values.length).copyFrom(MemorySegment.ofArray(values));
    }

    MemorySegment floats(float... values) {
        return floats(values.length).copyFrom(MemorySegment.ofArray(values));
    }

    /** Random, about 1 in size. */
    MemorySegment randomFloats(long count) {
        MemorySegment s = floats(count);
        for (long i = 0; i < count; i++) {
            s.setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return s;
    }

    /** Poisoned rows. */
    MemorySegment rows(long elements) {
        return at(elements * precision.bytes(), shift);
    }

    /** Random rows. */
    MemorySegment randomRows(long elements) {
        return narrow(randomFloats(elements), rows(elements));
    }

    /** The rows as floats. */
    MemorySegment widen(MemorySegment rows) {
        long n = rows.byteSize() / precision.bytes();
        MemorySegment to = floats(n);
        for (long i = 0; i < n; i++) {
            to.setAtIndex(JAVA_FLOAT, i, switch (precision) {
                case F32 -> rows.getAtIndex(JAVA_FLOAT.withByteAlignment(1), i);
                case BF16 -> Float.intBitsToFloat(rows.getAtIndex(JAVA_SHORT.withByteAlignment(1), i) << 16);
                case F16 -> Float.float16ToFloat(rows.getAtIndex(JAVA_SHORT.withByteAlignment(1), i));
            });
        }
        return to;
    }

    /** Floats rounded to rows. */
    MemorySegment narrow(MemorySegment floats, MemorySegment to) {
        for (long i = 0; i < floats.byteSize() / 4; i++) {
            float x = floats.getAtIndex(JAVA_FLOAT, i);
            switch (precision) {
                case F32 -> to.setAtIndex(JAVA_FLOAT.withByteAlignment(1), i, x);
                case BF16 -> to.setAtIndex(JAVA_SHORT.withByteAlignment(1), i, bf16(x));
                case F16 -> to.setAtIndex(JAVA_SHORT.withByteAlignment(1), i, Float.floatToFloat16(x));
            }
        }
        return to;
    }

    /** To nearest even, by comparing both neighbours: another way than the kernels'. */
    static short bf16(float x) {
        int bits = Float.floatToRawIntBits(x);
        if (Float.isNaN(x)) {
            return (short) (bits >>> 16 | 0x40);
        }
        int low = bits & 0xffff;
        int down = bits >>> 16;
        boolean up = low > 0x8000 || low == 0x8000 && (down & 1) == 1;
        return (short) (up ? down + 1 : down);
    }

    /** A copy with guard zones of its own. */
    MemorySegment copy(MemorySegment of) {
        return at(of.byteSize(), of.address() % 16).copyFrom(of);
    }

    /** Fails if anything wrote outside a buffer. */
    void checkGuards() {
        for (MemorySegment whole : wholes) {
            for (long i = 0; i < GUARD; i++) {
                if (whole.get(JAVA_BYTE, i) != POISON || whole.get(JAVA_BYTE, whole.byteSize() - 1 - i) != POISON) {
                    throw new AssertionError("something was written outside a buffer of " + (whole.byteSize() - 2 * GUARD) + " bytes");
                }
            }
        }
    }

    private MemorySegment at(long size, long offset) {
        MemorySegment whole = arena.allocate(GUARD + offset + size + GUARD, 16).fill(POISON);
        wholes.add(whole);
        return whole.asSlice(GUARD + offset, size);
    }

    static void requireInts(MemorySegment expected, MemorySegment found, String what) {
        long at = expected.mismatch(found);
        if (at >= 0) {
            throw new AssertionError(what + ": differs at " + at / 4 + ", expected " + expected.getAtIndex(JAVA_INT, at / 4) + ", found "
                    + found.getAtIndex(JAVA_INT, at / 4));
        }
    }

    static void requireBytes(MemorySegment expected, MemorySegment found, String what) {
        long at = expected.mismatch(found);
        if (at >= 0) {
            throw new AssertionError(what + ": differs at byte " + at + " of " + expected.byteSize());
        }
    }

    /** Floats within an error relative to 1 or to the value, NaN and infinities equal. */
    static void requireFloats(MemorySegment expected, MemorySegment found, double error, String what) {
        if (expected.byteSize() != found.byteSize()) {
            throw new AssertionError(what + ": " + found.byteSize() + " bytes, expected " + expected.byteSize());
        }
        for (long i = 0; i < expected.byteSize() / 4; i++) {
            float e = expected.getAtIndex(JAVA_FLOAT, i);
            float f = found.getAtIndex(JAVA_FLOAT, i);
            boolean same = Float.compare(e, f) == 0 || Math.abs((double) e - f) <= error * Math.max(1, Math.abs(e));
            if (!same) {
                throw new AssertionError(what + ": differs at " + i + ", expected " + e + ", found " + f);
            }
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
