// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.route;

import java.util.Arrays;
import java.util.stream.IntStream;

/** What {@link RidgeRegression} is to solve, without a library: sums by loops, and elimination. */
final class NormalEquations {
    private final int width;
    private final double[][] a;

    NormalEquations(int width) {
        this.width = width;
        a = new double[width][width + 1];
    }

    NormalEquations add(float[] x, int[] which, double[] y) {
        double[] mean = IntStream.range(0, width).mapToDouble(i -> Arrays.stream(which).mapToDouble(r -> x[r * width + i]).average().orElseThrow()).toArray();
        double meanY = Arrays.stream(y).average().orElseThrow();
        for (int i = 0; i < width; i++) {
            for (int r = 0; r < which.length; r++) {
                double value = x[which[r] * width + i] - mean[i];
                for (int j = 0; j < width; j++) {
                    a[i][j] += value * (x[which[r] * width + j] - mean[j]);
                }
                a[i][width] += value * (y[r] - meanY);
            }
        }
        return this;
    }

    double[] solve(double ridge) {
        double trace = IntStream.range(0, width).mapToDouble(i -> a[i][i]).sum();
        for (int i = 0; i < width; i++) {
            a[i][i] = a[i][i] * (1 + ridge) + 1e-9 * trace / width;
        }
        for (int p = 0; p < width; p++) {
            for (int i = 0; i < width; i++) {
                double factor = i == p ? 0 : a[i][p] / a[p][p];
                for (int j = p; j <= width && factor != 0; j++) {
                    a[i][j] -= factor * a[p][j];
                }
            }
        }
        return IntStream.range(0, width).mapToDouble(i -> a[i][width] / a[i][i]).toArray();
    }
}
