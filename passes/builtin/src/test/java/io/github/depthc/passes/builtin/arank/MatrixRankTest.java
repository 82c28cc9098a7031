// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.arank;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MatrixRankTest {
    @Test
    void productOfThinMatricesHasTheirRank() {
        int n = 40;
        var random = new Random(7);
        for (int rank : new int[] {1, 3, 17, 40}) {
            float[] left = floats(random, n * rank);
            float[] right = floats(random, rank * n);
            float[] product = new float[n * n];
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    float sum = 0;
                    for (int k = 0; k < rank; k++) {
                        sum += left[i * rank + k] * right[k * n + j];
                    }
                    product[i * n + j] = sum;
                }
            }
            assertEquals(rank, MatrixRank.of(product, n));
        }
    }

    @Test
    void zeroHasRankZero() {
        assertEquals(0, MatrixRank.of(new float[25], 5));
    }

    /** The diagonal and what is above it do not count, whatever stands there. */
    @Test
    void onlyBelowTheDiagonalCounts() {
        int n = 6;
        float[] m = new float[n * n];
        java.util.Arrays.fill(m, 3f);
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                m[i * n + j] = 0;
            }
        }
        m[1 * n] = 1;
        m[5 * n + 4] = 1;
        assertEquals(2, MatrixRank.belowDiagonal(MemorySegment.ofArray(m), n));
    }

    private static float[] floats(Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
