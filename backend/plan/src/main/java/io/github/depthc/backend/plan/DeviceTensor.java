// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.TensorType;

/**
 * A row-major matrix, or a vector of width 1, in a device's memory.
 *
 * @param address of its first element
 * @param dtype   element type
 * @param rows    how many rows, 0 or more
 * @param width   elements of a row
 */
public record DeviceTensor(long address, DType dtype, int rows, long width) {
    public DeviceTensor {
        if (rows < 0 || width < 1) {
            throw new IllegalArgumentException("a tensor of " + rows + " rows of " + width);
        }
    }

    /** A weight: its first dimension is the rows, and all others are a row of it. */
    public static DeviceTensor of(long address, DType dtype, TensorType weight) {
        long rows = weight.rank() == 0 ? 1 : weight.fixedShape()[0];
        return new DeviceTensor(address, dtype, Math.toIntExact(rows), weight.elements() / Math.max(1, rows));
    }

    /** Bytes of a row. */
    public long rowBytes() {
        return width * dtype.bytes();
    }

    /** Bytes in all. */
    public long bytes() {
        return rows * rowBytes();
    }

    /** The first rows. */
    public DeviceTensor first(int count) {
        return new DeviceTensor(address, dtype, count, width);
    }
}
