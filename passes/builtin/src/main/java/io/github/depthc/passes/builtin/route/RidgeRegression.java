// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.route;

import io.github.depthc.ir.InputException;
import io.github.depthc.passes.builtin.OpenBlas;
import java.lang.foreign.Arena;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import org.bytedeco.openblas.global.openblas;

/**
 * Ridge regression of a number on a row of d numbers, both less their means over the group that the row belongs to: what is fitted is
 * how rows of one group differ. Groups come one after the other; what is kept of them is {@code XᵀX}, {@code Xᵀy} and {@code yᵀy}, in
 * double precision and outside the Java heap, so that memory does not depend on how many rows there are.
 */
final class RidgeRegression implements AutoCloseable {
    private static final int BLOCK = 256;
    /** A buffer has no more bytes than an int counts. */
    private static final int WIDEST = 16_383;
    /** Keeps the matrix definite where a number never changes, as a share of the mean variance. */
    private static final double LEAST_RIDGE = 1e-9;

    private final int width;
    private final Arena arena = Arena.ofShared();
    private final DoubleBuffer xx;
    private final DoubleBuffer block;
    private final double[] xy;
    private double yy;

    /**
     * Of no rows yet.
     *
     * @param width numbers of a row
     * @throws InputException if such a matrix is too large
     */
    RidgeRegression(int width) {
        if (width > WIDEST) {
            throw new InputException("hidden states have " + width + " numbers, expected at most " + WIDEST + " to fit a router to; leave out route-by-importance");
        }
        OpenBlas.load();
        this.width = width;
        xx = matrix(width);
        block = matrix(BLOCK);
        xy = new double[width];
    }

    /** Of width rows, column-major, and so many columns. */
    private DoubleBuffer matrix(int columns) {
        return arena.allocate((long) width * columns * Double.BYTES, Long.BYTES * 8L).asByteBuffer().order(ByteOrder.nativeOrder()).asDoubleBuffer();
    }

    /**
     * Adds a group.
     *
     * @param x     rows, one after the other
     * @param which the numbers of those that count
     * @param y     one number for each of these
     */
    void add(float[] x, int[] which, double[] y) {
        var meanX = new double[width];
        double meanY = 0;
        for (int r = 0; r < which.length; r++) {
            for (int i = 0; i < width; i++) {
                meanX[i] += x[which[r] * width + i];
            }
            meanY += y[r];
        }
        for (int i = 0; i < width; i++) {
            meanX[i] /= which.length;
        }
        meanY /= which.length;
        for (int begin = 0; begin < which.length; begin += BLOCK) {
            int rows = Math.min(BLOCK, which.length - begin);
            for (int r = 0; r < rows; r++) {
                double target = y[begin + r] - meanY;
                for (int i = 0; i < width; i++) {
                    double value = x[which[begin + r] * width + i] - meanX[i];
                    block.put(r * width + i, value);
                    xy[i] += value * target;
                }
                yy += target * target;
            }
            openblas.cblas_dsyrk(openblas.CblasColMajor, openblas.CblasUpper, openblas.CblasNoTrans, width, rows, 1, block, width, 1, xx, width);
        }
    }

    /** Adds the groups of another one. */
    void add(RidgeRegression other) {
        for (int i = 0; i < width * width; i++) {
            xx.put(i, xx.get(i) + other.xx.get(i));
        }
        for (int i = 0; i < width; i++) {
            xy[i] += other.xy[i];
        }
        yy += other.yy;
    }

    /**
     * The d weights, each row's product with which is nearest to its number in the sense of {@code |y − Xw|² + ridge · wᵀ diag(XᵀX) w}: the
     * ridge does not depend on the scale of a number in the rows. All zero where the rows of a group are all the same.
     *
     * @param ridge more than 0
     */
    double[] fit(double ridge) {
        double trace = 0;
        for (int i = 0; i < width; i++) {
            trace += xx.get(i * width + i);
        }
        if (trace == 0) {
            return new double[width];
        }
        try (Arena scratch = Arena.ofConfined()) {
            DoubleBuffer a = scratch.allocate((long) width * width * Double.BYTES, Long.BYTES * 8L).asByteBuffer().order(ByteOrder.nativeOrder()).asDoubleBuffer();
            DoubleBuffer w = scratch.allocate((long) width * Double.BYTES, Long.BYTES * 8L).asByteBuffer().order(ByteOrder.nativeOrder()).asDoubleBuffer();
            a.put(0, xx, 0, width * width);
            w.put(0, xy);
            for (int i = 0; i < width; i++) {
                a.put(i * width + i, a.get(i * width + i) * (1 + ridge) + LEAST_RIDGE * trace / width);
            }
            int info = openblas.LAPACKE_dposv(openblas.LAPACK_COL_MAJOR, (byte) 'U', width, 1, a, width, w, width);
            if (info != 0) {
                throw new InputException("a router cannot be fitted: the calibration samples leave its weights open (dposv " + info + "); give more text or a larger ridge");
            }
            var weights = new double[width];
            w.get(0, weights);
            return weights;
        }
    }

    /** What share of the squares of y weights explain here: 1 for all, 0 or less for weights that are of no use. */
    double explained(double[] weights) {
        if (yy == 0) {
            return 0;
        }
        double left = yy;
        for (int j = 0; j < width; j++) {
            left -= 2 * weights[j] * xy[j];
            for (int i = 0; i < j; i++) {
                left += 2 * weights[i] * weights[j] * xx.get(j * width + i);
            }
            left += weights[j] * weights[j] * xx.get(j * width + j);
        }
        return 1 - left / yy;
    }

    @Override
    public void close() {
        arena.close();
    }
}
