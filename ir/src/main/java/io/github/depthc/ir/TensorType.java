// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A dense tensor, {@code f32[tokens, 64]}; a scalar is {@code f32[]}. One whose fixed dimensions alone make more bytes than a long can
 * count is a {@link TypeException}.
 */
public record TensorType(DType dtype, List<Dim> shape) implements Type {
    /** Dimensions of a tensor at most. */
    public static final int MOST_DIMENSIONS = 16;

    public TensorType {
        shape = List.copyOf(shape);
        if (shape.size() > MOST_DIMENSIONS) {
            throw new TypeException("a tensor of " + shape.size() + " dimensions, expected at most " + MOST_DIMENSIONS);
        }
        if (overflows(dtype, shape)) {
            throw new TypeException("a tensor " + text(dtype, shape) + " has more bytes than can be counted (2^63 - 1), expected smaller dimensions");
        }
    }

    private static boolean overflows(DType dtype, List<Dim> shape) {
        long bytes = dtype.bytes();
        for (Dim dim : shape) {
            // an empty tensor has no bytes, but its other dimensions are multiplied too, for strides
            long size = dim instanceof Dim.Fixed(long fixed) ? Math.max(1, fixed) : 1;
            if (bytes > Long.MAX_VALUE / size) {
                return true;
            }
            bytes *= size;
        }
        return false;
    }

    /** A tensor type of the given dimensions. */
    public static TensorType of(DType dtype, Dim... shape) {
        return new TensorType(dtype, List.of(shape));
    }

    /** A tensor type of fixed sizes. */
    public static TensorType fixed(DType dtype, long... shape) {
        return new TensorType(dtype, Arrays.stream(shape).mapToObj(Dim::of).toList());
    }

    public int rank() {
        return shape.size();
    }

    public Dim dim(int axis) {
        return shape.get(axis < 0 ? axis + shape.size() : axis);
    }

    /** The last dimension's fixed size; {@link TypeException} when it is symbolic or the tensor is a scalar. */
    public long lastSize() {
        if (!shape.isEmpty() && shape.getLast() instanceof Dim.Fixed(long size)) {
            return size;
        }
        throw new TypeException("the last dimension of " + this + " must be a fixed size");
    }

    /** This type with its last dimension replaced. */
    public TensorType withLast(Dim last) {
        var dims = new java.util.ArrayList<>(shape);
        dims.set(dims.size() - 1, last);
        return new TensorType(dtype, dims);
    }

    /** This type with its first dimension replaced. */
    public TensorType withFirst(Dim first) {
        var dims = new java.util.ArrayList<>(shape);
        dims.set(0, first);
        return new TensorType(dtype, dims);
    }

    /** All sizes, when every dimension is fixed; {@link TypeException} otherwise. */
    public long[] fixedShape() {
        return shape.stream().mapToLong(d -> switch (d) {
            case Dim.Fixed(long size) -> size;
            case Dim.Symbol s -> throw new TypeException(this + " has the symbolic dimension " + s + ", expected fixed sizes");
        }).toArray();
    }

    /** How many elements it has, when every dimension is fixed; {@link TypeException} otherwise. */
    public long elements() {
        return Arrays.stream(fixedShape()).reduce(1, (a, b) -> a * b);
    }

    @Override
    public String toString() {
        return text(dtype, shape);
    }

    private static String text(DType dtype, List<Dim> shape) {
        return dtype.text() + shape.stream().map(Dim::toString).collect(Collectors.joining(", ", "[", "]"));
    }
}
