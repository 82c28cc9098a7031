// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.weight;

import java.lang.foreign.MemorySegment;

/** Scratch for a small matrix and its transpose; elements are moved as integers of their size. */
final class Tile {
    /** The most rows and columns: a tile of 4-byte elements and its transpose fit the first-level cache. */
    static final int SIDE = 64;

    private static final int AREA = SIDE * SIDE;

    private interface Kernel {
        void transpose(int height, int width);
    }

    private final MemorySegment in;
    private final MemorySegment out;
    private final Kernel kernel;

    private Tile(MemorySegment in, MemorySegment out, Kernel kernel) {
        this.in = in;
        this.out = out;
        this.kernel = kernel;
    }

    /** Scratch for elements of this many bytes. */
    static Tile of(int bytes) {
        return switch (bytes) {
            case 1 -> {
                byte[] in = new byte[AREA];
                byte[] out = new byte[AREA];
                yield new Tile(MemorySegment.ofArray(in), MemorySegment.ofArray(out), (h, w) -> transpose(in, out, h, w));
            }
            case 2 -> {
                short[] in = new short[AREA];
                short[] out = new short[AREA];
                yield new Tile(MemorySegment.ofArray(in), MemorySegment.ofArray(out), (h, w) -> transpose(in, out, h, w));
            }
            case 4 -> {
                int[] in = new int[AREA];
                int[] out = new int[AREA];
                yield new Tile(MemorySegment.ofArray(in), MemorySegment.ofArray(out), (h, w) -> transpose(in, out, h, w));
            }
            case 8 -> {
                long[] in = new long[AREA];
                long[] out = new long[AREA];
                yield new Tile(MemorySegment.ofArray(in), MemorySegment.ofArray(out), (h, w) -> transpose(in, out, h, w));
            }
            default -> throw new IllegalArgumentException("elements of " + bytes + " bytes");
        };
    }

    /** The matrix, row-major, without gaps. */
    MemorySegment in() {
        return in;
    }

    /** Its transpose, likewise. */
    MemorySegment out() {
        return out;
    }

    /** Makes {@link #out} from {@link #in}, which has {@code height} rows and {@code width} columns. */
    void transpose(int height, int width) {
        kernel.transpose(height, width);
    }

    private static void transpose(byte[] in, byte[] out, int height, int width) {
        for (int c = 0; c < width; c++) {
            for (int r = 0; r < height; r++) {
                out[c * height + r] = in[r * width + c];
            }
        }
    }

    private static void transpose(short[] in, short[] out, int height, int width) {
        for (int c = 0; c < width; c++) {
            for (int r = 0; r < height; r++) {
                out[c * height + r] = in[r * width + c];
            }
        }
    }

    private static void transpose(int[] in, int[] out, int height, int width) {
        for (int c = 0; c < width; c++) {
            for (int r = 0; r < height; r++) {
                out[c * height + r] = in[r * width + c];
            }
        }
    }

    private static void transpose(long[] in, long[] out, int height, int width) {
        for (int c = 0; c < width; c++) {
            for (int r = 0; r < height; r++) {
                out[c * height + r] = in[r * width + c];
            }
        }
    }
}
