// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.weight;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Permuted axes. Any permutation is a permutation of rows that leaves the operand's last axis last ({@link Rows}), and then
 * in each of several matrices an exchange of rows and columns ({@link Matrix}), which is done in square tiles.
 */
final class TransposeReader {
    private TransposeReader() {
    }

    /**
     * @param of    the operand
     * @param shape its shape
     * @param axes  axis {@code i} of the result is axis {@code axes[i]} of the operand
     */
    static ElementReader of(ElementReader of, long[] shape, List<Integer> axes) {
        // Axes of size 1 do not move anything, and axes that stay neighbours are one axis.
        var groups = new ArrayList<List<Integer>>();
        for (int axis : axes) {
            if (shape[axis] == 1) {
                continue;
            }
            if (!groups.isEmpty() && Readers.inner(shape, groups.getLast().getLast() + 1, axis) == 1
                    && groups.getLast().getLast() < axis) {
                groups.getLast().add(axis);
            } else {
                groups.add(new ArrayList<>(List.of(axis)));
            }
        }
        if (groups.size() <= 1) {
            return of;
        }
        int n = groups.size();
        long[] sizes = new long[n];
        long[] strides = new long[n];
        int last = 0;
        for (int g = 0; g < n; g++) {
            sizes[g] = groups.get(g).stream().mapToLong(a -> shape[a]).reduce(1, (a, b) -> a * b);
            strides[g] = Readers.inner(shape, groups.get(g).getLast() + 1, shape.length);
            if (strides[g] < strides[last]) {
                last = g;
            }
        }
        if (last == n - 1) {
            return new Rows(of, sizes, strides);
        }
        // The operand's last axis stands before `rows` others: bring those before it, then exchange.
        long[] rowSizes = moveToEnd(sizes, last);
        long[] rowStrides = moveToEnd(strides, last);
        long rows = Readers.inner(sizes, last + 1, n);
        ElementReader ordered = isRowMajor(rowSizes, rowStrides) ? of : new Rows(of, rowSizes, rowStrides);
        return new Matrix(ordered, rows, sizes[last]);
    }

    private static long[] moveToEnd(long[] values, int index) {
        long[] moved = new long[values.length];
        System.arraycopy(values, 0, moved, 0, index);
        System.arraycopy(values, index + 1, moved, index, values.length - index - 1);
        moved[values.length - 1] = values[index];
        return moved;
    }

    private static boolean isRowMajor(long[] sizes, long[] strides) {
        long expected = 1;
        for (int i = sizes.length - 1; i >= 0; i--) {
            if (strides[i] != expected) {
                return false;
            }
            expected *= sizes[i];
        }
        return true;
    }

    /** Rows in another order; the last axis has stride 1. */
    private static final class Rows extends RowReader {
        private final ElementReader of;
        private final long[] sizes;
        private final long[] strides;

        Rows(ElementReader of, long[] sizes, long[] strides) {
            super(of.bytes(), of.count(), sizes[sizes.length - 1]);
            this.of = of;
            this.sizes = sizes;
            this.strides = strides;
        }

        @Override
        void readRows(long row, long column, long rowStep, int rows, int run, MemorySegment to, long at, long toStep) {
            int inner = sizes.length - 2;
            int done = 0;
            while (done < rows) {
                long first = row + done * rowStep;
                // Rows that differ in the innermost of the row axes alone lie at equal distances.
                long index = first % sizes[inner];
                int same = rowStep == 0 ? 1 : (int) Math.min(rows - done, (sizes[inner] - 1 - index) / rowStep + 1);
                of.read(start(first) + column, rowStep * strides[inner], same, run, to, at + done * toStep, toStep);
                done += same;
            }
        }

        private long start(long row) {
            long start = 0;
            long rest = row;
            for (int i = sizes.length - 2; i >= 0; i--) {
                start += rest % sizes[i] * strides[i];
                rest /= sizes[i];
            }
            return start;
        }
    }

    /** Every matrix of the operand, {@code [rows, columns]}, as {@code [columns, rows]}. */
    private static final class Matrix extends RowReader {
        private final ElementReader of;
        private final long rows;
        private final long columns;
        private final Tile tile;

        Matrix(ElementReader of, long rows, long columns) {
            super(of.bytes(), of.count(), rows);
            this.of = of;
            this.rows = rows;
            this.columns = columns;
            this.tile = Tile.of(of.bytes());
        }

        @Override
        void readRows(long row, long column, long rowStep, int n, int run, MemorySegment to, long at, long toStep) {
            int done = 0;
            while (done < n) {
                long first = row + done * rowStep;
                long matrix = first / columns;
                int same = rowStep == 1 ? (int) Math.min(n - done, columns - first % columns) : 1;
                readRectangle(matrix * rows * columns, first % columns, same, column, run, to, at + done * toStep, toStep);
                done += same;
            }
        }

        /** Columns {@code c0 .. c0+nc} of rows {@code r0 .. r0+nr} of the operand's matrix at {@code start}. */
        private void readRectangle(long start, long c0, int nc, long r0, int nr, MemorySegment to, long at, long toStep) {
            for (int c = 0; c < nc; c += Tile.SIDE) {
                int width = Math.min(Tile.SIDE, nc - c);
                for (int r = 0; r < nr; r += Tile.SIDE) {
                    int height = Math.min(Tile.SIDE, nr - r);
                    of.read(start + (r0 + r) * columns + c0 + c, columns, height, width, tile.in(), 0, width);
                    tile.transpose(height, width);
                    for (int i = 0; i < width; i++) {
                        MemorySegment.copy(tile.out(), (long) i * height * bytes(),
                                to, (at + (c + i) * toStep + r) * bytes(), (long) height * bytes());
                    }
                }
            }
        }
    }
}
