// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.skip;

/**
 * {@code x ↦ (x · downᵀ) · upᵀ + c}, of rows of d numbers.
 *
 * @param down     {@code [rank, d]}, row by row
 * @param up       {@code [d, rank]}, row by row
 * @param c        {@code [d]}
 * @param rank     the rank
 * @param explains share of the variance of what it was fitted to that it explains, 0 to 1, less what the ridge takes off
 */
record AffineMap(float[] down, float[] up, float[] c, int rank, double explains) {
    /** The map of everything to nothing. */
    static AffineMap zero(int rank, int width) {
        return new AffineMap(new float[rank * width], new float[width * rank], new float[width], rank, 0);
    }

    /** Whether all its numbers are finite in F32. */
    boolean finite() {
        return finite(down) && finite(up) && finite(c);
    }

    private static boolean finite(float[] values) {
        for (float v : values) {
            if (!Float.isFinite(v)) {
                return false;
            }
        }
        return true;
    }
}
