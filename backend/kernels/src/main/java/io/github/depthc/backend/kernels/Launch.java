// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

/**
 * How a kernel is launched.
 *
 * @param gridX       blocks, at least 1
 * @param gridY       of the grid's second dimension
 * @param gridZ       of the third
 * @param block       threads of a block, a multiple of 32
 * @param sharedBytes dynamic shared memory
 */
public record Launch(int gridX, int gridY, int gridZ, int block, int sharedBytes) {
    private static final int WARP = 32;

    /** A warp for each of so many items. */
    static Launch warps(long items, int block) {
        return blocks(ceil(items, block / WARP), block);
    }

    /** So many blocks, or one where there is nothing to do: an empty grid is no launch. */
    static Launch blocks(long count, int block) {
        return grid(count, 1, 1, block);
    }

    static Launch grid(long x, long y, long z, int block) {
        return new Launch(atLeastOne(x), atLeastOne(y), atLeastOne(z), block, 0);
    }

    static long ceil(long a, long b) {
        return (a + b - 1) / b;
    }

    private static int atLeastOne(long count) {
        return Math.toIntExact(Math.max(1, count));
    }
}
