// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.arank;

import io.github.depthc.passes.builtin.OpenBlas;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.bytedeco.openblas.global.openblas;

/** Numerical rank as NumPy's and PyTorch's {@code matrix_rank} define it: singular values above {@code σ_max · n · eps}, in F32. Thread-safe. */
final class MatrixRank {
    private static final float EPS = Math.ulp(1f);

    static {
        OpenBlas.load();
    }

    private MatrixRank() {
    }

    /** Rank of an n × n F32 matrix, row-major, with its diagonal and everything above it taken as zero. */
    static int belowDiagonal(MemorySegment matrix, int n) {
        float[] a = matrix.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        for (int i = 0; i < n; i++) {
            java.util.Arrays.fill(a, i * n + i, i * n + n, 0f);
        }
        return of(a, n);
    }

    /** Rank of an n × n matrix; the array is overwritten. {@link ArithmeticException} when it has no singular values, as with NaN. */
    static int of(float[] a, int n) {
        float[] s = new float[n];
        // row- or column-major makes no difference to singular values
        int info = openblas.LAPACKE_sgesdd(openblas.LAPACK_COL_MAJOR, (byte) 'N', n, n, a, n, s, new float[1], 1, new float[1], 1);
        if (info != 0) {
            throw new ArithmeticException("the singular value decomposition of a " + n + " × " + n + " matrix failed (sgesdd " + info + ")");
        }
        float tolerance = s[0] * n * EPS;
        int rank = 0;
        while (rank < n && s[rank] > tolerance) {
            rank++;
        }
        return rank;
    }
}
