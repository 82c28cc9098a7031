// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels.host;

import static io.github.depthc.backend.kernels.host.Memory.f;
import static io.github.depthc.backend.kernels.host.Memory.i;
import static io.github.depthc.backend.kernels.host.Memory.is;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Rows taken out of the residual stream and put back. */
public final class HostRows {
    private HostRows() {
    }

    /** Indices of the kept tokens, ascending, where each row's begin, and each token's place among them or -1 (inverse may be null). */
    public static void compact(MemorySegment rowOffsets, int rows, MemorySegment mask, MemorySegment indices, MemorySegment keptOffsets,
            MemorySegment inverse) {
        int kept = 0;
        i(keptOffsets, 0, 0);
        for (int row = 0; row < rows; row++) {
            for (int t = i(rowOffsets, row); t < i(rowOffsets, row + 1); t++) {
                boolean keep = is(mask, t);
                if (inverse != null) {
                    i(inverse, t, keep ? kept : -1);
                }
                if (keep) {
                    i(indices, kept++, t);
                }
            }
            i(keptOffsets, row + 1, kept);
        }
    }

    /** {@code dst[j] = src[indices[j]]}, rows of so many bytes. */
    public static void gather(MemorySegment src, MemorySegment indices, int k, int rowBytes, MemorySegment dst) {
        for (int j = 0; j < k; j++) {
            MemorySegment.copy(src, (long) i(indices, j) * rowBytes, dst, (long) j * rowBytes, rowBytes);
        }
    }

    /** {@code dst[j]} is row {@code indices[j]} of a table in integers, see {@link #dequantize}. */
    public static void gatherNBits(MemorySegment codes, MemorySegment scales, MemorySegment indices, int k, int d, int bits, int block, MemorySegment dst) {
        for (int j = 0; j < k; j++) {
            dequantize(codes, scales, i(indices, j), d, bits, block, dst, j);
        }
    }

    /**
     * Row {@code to} of dst is row {@code from} of a matrix in integers: each code, two's complement of 8 bits, or of 4 with the first in the lower
     * half of a byte, times the scale of its block.
     */
    public static void dequantize(MemorySegment codes, MemorySegment scales, long from, int d, int bits, int block, MemorySegment dst, long to) {
        for (int c = 0; c < d; c++) {
            long place = from * d + c;
            int code = bits == 8 ? codes.get(ValueLayout.JAVA_BYTE, place) : codes.get(ValueLayout.JAVA_BYTE, place / 2) << (place % 2 == 0 ? 28 : 24) >> 28;
            f(dst, to * d + c, code * f(scales, place / block));
        }
    }

    /** The kept rows, and the RMSNorm of each: {@code x / sqrt(mean(x²) + epsilon)} times weight, or 1 + weight. */
    public static void gatherNorm(MemorySegment x, MemorySegment indices, int k, int d, MemorySegment weight, float epsilon, boolean unitOffset,
            MemorySegment kept, MemorySegment normed) {
        gather(x, indices, k, d * Float.BYTES, kept);
        for (int j = 0; j < k; j++) {
            long at = (long) j * d;
            double factor = 1 / Math.sqrt(Memory.dot(kept, at, kept, at, d) / d + epsilon);
            for (int c = 0; c < d; c++) {
                f(normed, at + c, (float) (f(kept, at + c) * factor) * (unitOffset ? 1 + f(weight, c) : f(weight, c)));
            }
        }
    }

    /**
     * {@code out[t] = y[inverse[t]]} where token t is kept, else {@code skipGate[t] · x[t]}, or {@code x[t]}; skipGate may be null, out may be x.
     */
    public static void combine(MemorySegment x, int n, int d, MemorySegment inverse, MemorySegment y, MemorySegment skipGate, MemorySegment out) {
        for (int t = 0; t < n; t++) {
            long at = (long) t * d;
            int place = i(inverse, t);
            if (place >= 0) {
                Memory.copy(y, (long) place * d, out, at, d);
            } else if (skipGate == null) {
                Memory.copy(x, at, out, at, d);
            } else {
                float g = f(skipGate, t);
                for (int c = 0; c < d; c++) {
                    f(out, at + c, g * f(x, at + c));
                }
            }
        }
    }

    /** {@link #combine} and {@link HostScores#linear} of its result. */
    public static void combineScore(MemorySegment x, int n, int d, MemorySegment inverse, MemorySegment y, MemorySegment skipGate,
            MemorySegment out, MemorySegment w, MemorySegment bias, MemorySegment score) {
        combine(x, n, d, inverse, y, skipGate, out);
        HostScores.linear(out, n, d, w, bias, score);
    }
}
