// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.weight;

import java.lang.foreign.MemorySegment;

/**
 * Elements of a weight by their position in row-major order. The unit of reading is a rectangle, several equally long runs
 * at equal distances, so that views of views (a slice of a transposed weight) still move large pieces.
 *
 * <p>Readers may hold scratch space: one reader is used by one thread.
 */
interface ElementReader {
    /** Size of one element in bytes. */
    int bytes();

    /** Number of elements. */
    long count();

    /**
     * Copies {@code rows} runs of {@code run} elements, all at least one. Run {@code i} begins at element
     * {@code from + i * step} and goes to element {@code at + i * toStep} of {@code to}.
     */
    void read(long from, long step, int rows, int run, MemorySegment to, long at, long toStep);

    /** Sequential reading is fastest in multiples of this many elements. */
    long grain();
}
