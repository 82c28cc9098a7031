// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.reference;

import java.util.Arrays;
import java.util.List;

/**
 * Numbers of any tensor; I64 and BOOL values are exact in F64 here.
 *
 * @param data  elements, row-major
 * @param shape sizes
 */
public record Tensor(double[] data, int... shape) {
    /** Size of the first dimension. */
    public int rows() {
        return shape[0];
    }

    /** Elements of one row: the product of all dimensions but the first. */
    public int width() {
        return shape.length < 2 ? 1 : data.length == 0 ? shape[1] : data.length / shape[0];
    }

    /** A copy of one row. */
    public double[] row(int i) {
        return Arrays.copyOfRange(data, i * width(), (i + 1) * width());
    }

    /** The rows of these indices. */
    public Tensor take(int... indices) {
        int w = width();
        int[] taken = shape.clone();
        taken[0] = indices.length;
        double[] out = new double[indices.length * w];
        for (int i = 0; i < indices.length; i++) {
            System.arraycopy(data, indices[i] * w, out, i * w, w);
        }
        return new Tensor(out, taken);
    }

    /** The same in F32; integers keep their values up to 2²⁴. */
    public Tensor rounded() {
        return new Tensor(Arrays.stream(data).map(v -> (float) v).toArray(), shape);
    }

    /** A matrix of these rows, each {@code width} long. */
    public static Tensor stack(List<double[]> rows, int width) {
        double[] all = new double[rows.size() * width];
        for (int i = 0; i < rows.size(); i++) {
            System.arraycopy(rows.get(i), 0, all, i * width, width);
        }
        return new Tensor(all, rows.size(), width);
    }

    /** A vector of these elements. */
    public static Tensor vector(double... data) {
        return new Tensor(data, data.length);
    }
}
