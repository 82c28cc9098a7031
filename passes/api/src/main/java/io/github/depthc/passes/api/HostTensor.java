// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A tensor in this process's memory, outside the Java heap.
 *
 * @param dtype element type
 * @param shape sizes, row-major
 * @param data  exactly the elements' bytes, little-endian; a BOOL is one byte, 0 or 1
 */
public record HostTensor(DType dtype, long[] shape, MemorySegment data) {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    public HostTensor {
        long n = bytes(dtype, shape);
        if (n != data.byteSize()) {
            throw new IllegalArgumentException(dtype + Arrays.toString(shape) + " takes " + n + " bytes, given " + data.byteSize());
        }
    }

    /** A zeroed tensor whose memory the garbage collector frees. */
    public static HostTensor zeros(DType dtype, long... shape) {
        long n = bytes(dtype, shape);
        return new HostTensor(dtype, shape, Arena.ofAuto().allocate(Math.max(n, 1), 64).asSlice(0, n));
    }

    private static long bytes(DType dtype, long[] shape) {
        long n = dtype.bytes();
        for (long d : shape) {
            if (d < 0) {
                throw new IllegalArgumentException("the shape " + Arrays.toString(shape) + " has the size " + d + ", expected none below 0");
            }
            if (Math.multiplyHigh(n, d) != 0 || n * d < 0) {
                throw new IllegalArgumentException("the shape " + Arrays.toString(shape) + " has more bytes than can be counted (2^63 - 1)");
            }
            n *= d;
        }
        return n;
    }

    /** An F32 tensor with these elements. */
    public static HostTensor of(float[] values, long... shape) {
        HostTensor t = zeros(DType.F32, shape);
        if (values.length != t.size()) {
            throw new IllegalArgumentException(values.length + " values for a tensor of " + t.size() + " elements, shape " + Arrays.toString(shape));
        }
        MemorySegment.copy(values, 0, t.data, F32, 0, values.length);
        return t;
    }

    /** An I64 vector with these elements. */
    public static HostTensor of(long... values) {
        HostTensor t = zeros(DType.I64, values.length);
        MemorySegment.copy(values, 0, t.data, I64, 0, values.length);
        return t;
    }

    /** A BOOL vector with these elements. */
    public static HostTensor of(boolean... values) {
        HostTensor t = zeros(DType.BOOL, values.length);
        for (int i = 0; i < values.length; i++) {
            t.data.set(ValueLayout.JAVA_BYTE, i, (byte) (values[i] ? 1 : 0));
        }
        return t;
    }

    /** Number of elements. */
    public long size() {
        return data.byteSize() / dtype.bytes();
    }

    /** The elements of an F32 tensor. */
    public float[] floats() {
        require(DType.F32);
        return data.toArray(F32);
    }

    /** The elements of an I64 tensor. */
    public long[] longs() {
        require(DType.I64);
        return data.toArray(I64);
    }

    private void require(DType expected) {
        if (dtype != expected) {
            throw new IllegalArgumentException("the tensor is " + dtype + ", expected " + expected);
        }
    }
}
