// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.skip;

import io.github.depthc.ir.InputException;
import io.github.depthc.passes.builtin.OpenBlas;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.util.Optional;
import org.bytedeco.openblas.global.openblas;

/**
 * Least squares of pairs of rows (x, y), each of d numbers, that come one after the other: what is kept of them is their count, their
 * sums, {@code XᵀX}, {@code XᵀY} and the sum of y², in double precision and outside the Java heap, so that memory does not depend on
 * how many there are. Some 10 · d² doubles are in use while a map is fitted.
 *
 * <p>Fitted is {@code y ≈ x · B + c} by ridge regression, c free of the ridge; for a lower rank, the map of that rank that has the least
 * squares, ridge included: B projected on the first right singular vectors of {@code U · B}, where {@code UᵀU = XᵀX + λI} with X centred
 * (reduced-rank regression: Izenman, J. Multivariate Analysis 5, 1975; with a ridge: Mukherjee and Zhu, Statistical Analysis and Data
 * Mining 4, 2011). Matrices are column-major here, as LAPACK has them.
 */
final class GramMatrices implements AutoCloseable {
    private static final int BLOCK = 256;
    /** A buffer has no more bytes than an int counts. */
    private static final int WIDEST = 16_383;

    private final int width;
    private final Arena arena = Arena.ofShared();
    private final DoubleBuffer xx;
    private final DoubleBuffer xy;
    private final DoubleBuffer blockX;
    private final DoubleBuffer blockY;
    private final double[] sumX;
    private final double[] sumY;
    private double squaresY;
    private long count;

    /**
     * Of no rows yet.
     *
     * @param width numbers of a row
     * @throws InputException if such matrices are too large
     */
    GramMatrices(int width) {
        if (width > WIDEST) {
            throw new InputException("hidden states have " + width + " numbers, expected at most " + WIDEST + " to fit a map to; leave out fit-skip-path");
        }
        OpenBlas.load();
        this.width = width;
        xx = matrix(width);
        xy = matrix(width);
        blockX = matrix(BLOCK);
        blockY = matrix(BLOCK);
        sumX = new double[width];
        sumY = new double[width];
    }

    /** Of width rows, and so many columns. */
    private DoubleBuffer matrix(int columns) {
        MemorySegment memory = arena.allocate((long) width * columns * Double.BYTES, Long.BYTES * 8L);
        return memory.asByteBuffer().order(ByteOrder.nativeOrder()).asDoubleBuffer();
    }

    /** How many pairs have been added. */
    long count() {
        return count;
    }

    /**
     * Adds pairs.
     *
     * @param x     rows, one after the other
     * @param y     as many
     * @param which the numbers of those rows that count
     */
    void add(float[] x, float[] y, int[] which) {
        for (int begin = 0; begin < which.length; begin += BLOCK) {
            int rows = Math.min(BLOCK, which.length - begin);
            for (int r = 0; r < rows; r++) {
                put(x, y, which[begin + r], r);
            }
            openblas.cblas_dsyrk(openblas.CblasColMajor, openblas.CblasUpper, openblas.CblasNoTrans, width, rows, 1, blockX, width, 1, xx, width);
            openblas.cblas_dgemm(openblas.CblasColMajor, openblas.CblasNoTrans, openblas.CblasTrans, width, width, rows, 1, blockX, width, blockY, width, 1, xy,
                    width);
        }
        count += which.length;
    }

    private void put(float[] x, float[] y, int row, int column) {
        for (int i = 0; i < width; i++) {
            double a = x[row * width + i];
            double b = y[row * width + i];
            blockX.put(column * width + i, a);
            blockY.put(column * width + i, b);
            sumX[i] += a;
            sumY[i] += b;
            squaresY += b * b;
        }
    }

    /**
     * Fits a map, after which nothing can be added.
     *
     * @param rank  its rank; 0 for no bound
     * @param ridge λ, as a share of the mean variance of x
     * @return empty if there is no one map that fits best: the rows leave some direction open, and there is no ridge
     */
    Optional<AffineMap> fit(int rank, double ridge) {
        centre(ridge);
        // xx = UᵀU, and xy becomes B
        if (openblas.LAPACKE_dpotrf(openblas.LAPACK_COL_MAJOR, (byte) 'U', width, xx, width) != 0) {
            return Optional.empty();
        }
        openblas.LAPACKE_dpotrs(openblas.LAPACK_COL_MAJOR, (byte) 'U', width, width, xx, width, xy, width);
        DoubleBuffer inMetric = matrix(width);
        inMetric.put(0, xy, 0, width * width);
        openblas.cblas_dtrmm(openblas.CblasColMajor, openblas.CblasLeft, openblas.CblasUpper, openblas.CblasNoTrans, openblas.CblasNonUnit, width, width, 1, xx,
                width, inMetric, width);
        AffineMap map = rank == 0 || rank == width ? whole(squares(inMetric)) : reduced(inMetric, rank);
        return Optional.of(map).filter(AffineMap::finite);
    }

    /** Takes the means out of the sums, and puts the ridge on. */
    private void centre(double ridge) {
        double variance = 0;
        for (int j = 0; j < width; j++) {
            for (int i = 0; i < width; i++) {
                int at = j * width + i;
                if (i <= j) {
                    xx.put(at, xx.get(at) - sumX[i] * sumX[j] / count);
                }
                xy.put(at, xy.get(at) - sumX[i] * sumY[j] / count);
            }
            variance += xx.get(j * width + j);
            squaresY -= sumY[j] * sumY[j] / count;
        }
        for (int i = 0; i < width; i++) {
            xx.put(i * width + i, xx.get(i * width + i) + ridge * variance / width);
        }
    }

    private double squares(DoubleBuffer matrix) {
        double sum = 0;
        for (int i = 0; i < width * width; i++) {
            sum += matrix.get(i) * matrix.get(i);
        }
        return sum;
    }

    private AffineMap whole(double explained) {
        var down = new float[width * width];
        var up = new float[width * width];
        var c = new float[width];
        for (int j = 0; j < width; j++) {
            double mean = sumY[j] / count;
            for (int i = 0; i < width; i++) {
                double b = xy.get(j * width + i);
                down[j * width + i] = (float) b;
                mean -= sumX[i] / count * b;
            }
            up[j * width + j] = 1;
            c[j] = (float) mean;
        }
        return new AffineMap(down, up, c, width, share(explained));
    }

    private AffineMap reduced(DoubleBuffer inMetric, int rank) {
        DoubleBuffer singular = matrix(1);
        DoubleBuffer right = matrix(width); // Vᵀ
        int info = openblas.LAPACKE_dgesdd(openblas.LAPACK_COL_MAJOR, (byte) 'O', width, width, inMetric, width, singular, matrix(1), width, right, width);
        if (info != 0) {
            throw new IllegalStateException("the singular value decomposition of a " + width + " × " + width + " matrix failed (dgesdd " + info + ")");
        }
        DoubleBuffer projected = matrix(rank); // B · V, the first columns of V
        openblas.cblas_dgemm(openblas.CblasColMajor, openblas.CblasNoTrans, openblas.CblasTrans, width, rank, width, 1, xy, width, right, width, 0, projected, width);
        var down = new float[rank * width];
        var up = new float[width * rank];
        var mean = new double[rank];
        double explained = 0;
        for (int k = 0; k < rank; k++) {
            for (int i = 0; i < width; i++) {
                double d = projected.get(k * width + i);
                down[k * width + i] = (float) d;
                mean[k] += sumX[i] / count * d;
                up[i * rank + k] = (float) right.get(i * width + k);
            }
            explained += singular.get(k) * singular.get(k);
        }
        var c = new float[width];
        for (int j = 0; j < width; j++) {
            double at = sumY[j] / count;
            for (int k = 0; k < rank; k++) {
                at -= mean[k] * right.get(j * width + k);
            }
            c[j] = (float) at;
        }
        return new AffineMap(down, up, c, rank, share(explained));
    }

    private double share(double explained) {
        return squaresY <= 0 ? 0 : Math.clamp(explained / squaresY, 0, 1);
    }

    @Override
    public void close() {
        arena.close();
    }
}
