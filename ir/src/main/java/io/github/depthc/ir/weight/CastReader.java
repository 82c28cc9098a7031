// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.weight;

import io.github.depthc.ir.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Elements converted to another floating point type, to nearest even; a NaN stays a NaN. Works in blocks that fit the
 * first-level cache, in plain loops over arrays, which the JIT compiler vectorises.
 */
final class CastReader implements ElementReader {
    private static final int BLOCK = 4096;

    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final ElementReader of;
    private final DType from;
    private final DType to;
    private final MemorySegment raw;
    private final short[] halves = new short[BLOCK];
    private final int[] bits = new int[BLOCK];
    private final float[] floats = new float[BLOCK];
    private final double[] doubles = new double[BLOCK];

    CastReader(ElementReader of, DType from, DType to) {
        this.of = of;
        this.from = from;
        this.to = to;
        this.raw = MemorySegment.ofArray(new byte[BLOCK * from.bytes()]);
    }

    @Override
    public int bytes() {
        return to.bytes();
    }

    @Override
    public long count() {
        return of.count();
    }

    @Override
    public long grain() {
        return of.grain();
    }

    @Override
    public void read(long start, long step, int rows, int run, MemorySegment target, long at, long toStep) {
        if (run >= BLOCK) {
            for (int r = 0; r < rows; r++) {
                for (int c = 0; c < run; c += BLOCK) {
                    int n = Math.min(BLOCK, run - c);
                    of.read(start + r * step + c, n, 1, n, raw, 0, n);
                    convert(n);
                    store(0, n, target, at + r * toStep + c);
                }
            }
            return;
        }
        int atOnce = BLOCK / run;
        for (int r = 0; r < rows; r += atOnce) {
            int n = Math.min(atOnce, rows - r);
            of.read(start + r * step, step, n, run, raw, 0, run);
            convert(n * run);
            for (int i = 0; i < n; i++) {
                store(i * run, run, target, at + (r + i) * toStep);
            }
        }
    }

    /** Converts the first {@code n} elements of {@link #raw}; the result is in the array that {@link #store} reads. */
    private void convert(int n) {
        switch (from) {
            case BF16 -> {
                MemorySegment.copy(raw, I16, 0, halves, 0, n);
                for (int i = 0; i < n; i++) {
                    bits[i] = halves[i] << 16;
                }
            }
            case F16 -> {
                MemorySegment.copy(raw, I16, 0, halves, 0, n);
                for (int i = 0; i < n; i++) {
                    floats[i] = Float.float16ToFloat(halves[i]);
                }
                copyBits(MemorySegment.ofArray(floats), MemorySegment.ofArray(bits), n);
            }
            case F32 -> MemorySegment.copy(raw, I32, 0, bits, 0, n);
            case F64 -> {
                MemorySegment.copy(raw, F64, 0, doubles, 0, n);
                for (int i = 0; i < n; i++) {
                    floats[i] = to == DType.F32 ? (float) doubles[i] : toFloatOdd(doubles[i]);
                }
                copyBits(MemorySegment.ofArray(floats), MemorySegment.ofArray(bits), n);
            }
            default -> throw new IllegalArgumentException("a cast from " + from);
        }
        switch (to) {
            case F32 -> {
            }
            case BF16 -> {
                // Two loops: the compiler vectorises each, but not rounding and narrowing in one.
                for (int i = 0; i < n; i++) {
                    bits[i] = toBfloat16(bits[i]);
                }
                for (int i = 0; i < n; i++) {
                    halves[i] = (short) bits[i];
                }
            }
            case F16 -> {
                copyBits(MemorySegment.ofArray(bits), MemorySegment.ofArray(floats), n);
                for (int i = 0; i < n; i++) {
                    halves[i] = Float.floatToFloat16(floats[i]);
                }
            }
            case F64 -> {
                copyBits(MemorySegment.ofArray(bits), MemorySegment.ofArray(floats), n);
                for (int i = 0; i < n; i++) {
                    doubles[i] = floats[i];
                }
            }
            default -> throw new IllegalArgumentException("a cast to " + to);
        }
    }

    private void store(int first, int n, MemorySegment target, long at) {
        long offset = at * to.bytes();
        switch (to) {
            case F32 -> MemorySegment.copy(bits, first, target, I32, offset, n);
            case F64 -> MemorySegment.copy(doubles, first, target, F64, offset, n);
            default -> MemorySegment.copy(halves, first, target, I16, offset, n);
        }
    }

    private static void copyBits(MemorySegment from, MemorySegment to, int n) {
        MemorySegment.copy(from, 0, to, 0, (long) n * Float.BYTES);
    }

    /** The upper half of F32 bits, to nearest even; without branches, so that a loop of it is vectorised. */
    private static int toBfloat16(int bits) {
        int rounded = (bits + 0x7fff + (bits >>> 16 & 1)) >>> 16;
        // A NaN must not round up to an infinity: its payload is cut and the quiet bit set.
        int nan = 0x7f80_0000 - (bits & 0x7fff_ffff) >> 31;
        return rounded & ~nan | (bits >>> 16 | 0x40) & nan;
    }

    /**
     * A double as a float that is exact, or has an odd last bit. Rounding that to a type of at most 22 bits of precision
     * equals rounding the double; rounding to the nearest float first would not ("double rounding").
     */
    private static float toFloatOdd(double d) {
        float nearest = (float) d;
        if (nearest == d || Double.isNaN(d)) {
            return nearest;
        }
        int bits = Float.floatToRawIntBits(nearest);
        int towardsZero = Math.abs((double) nearest) > Math.abs(d) ? bits - 1 : bits;
        return Float.intBitsToFloat(towardsZero | 1);
    }
}
