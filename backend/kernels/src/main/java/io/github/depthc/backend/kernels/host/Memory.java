// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels.host;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Elements of buffers. */
final class Memory {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

    private Memory() {
    }

    static float f(MemorySegment s, long i) {
        return s.getAtIndex(FLOAT, i);
    }

    static void f(MemorySegment s, long i, float value) {
        s.setAtIndex(FLOAT, i, value);
    }

    static int i(MemorySegment s, long i) {
        return s.getAtIndex(INT, i);
    }

    static void i(MemorySegment s, long i, int value) {
        s.setAtIndex(INT, i, value);
    }

    static boolean is(MemorySegment s, long i) {
        return s.get(ValueLayout.JAVA_BYTE, i) != 0;
    }

    static void is(MemorySegment s, long i, boolean value) {
        s.set(ValueLayout.JAVA_BYTE, i, (byte) (value ? 1 : 0));
    }

    /** Floats from a place on to another buffer. */
    static void copy(MemorySegment from, long at, MemorySegment to, long place, long count) {
        MemorySegment.copy(from, at * Float.BYTES, to, place * Float.BYTES, count * Float.BYTES);
    }

    /** Sum of products, in double. */
    static double dot(MemorySegment a, long at, MemorySegment b, long place, int count) {
        double sum = 0;
        for (int c = 0; c < count; c++) {
            sum += (double) f(a, at + c) * f(b, place + c);
        }
        return sum;
    }
}
