// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.util.List;
import java.util.stream.Collectors;

/** A dense tensor, {@code f32[tokens, 64]}; a scalar is {@code f32[]}. */
public record TensorType(DType dtype, List<Dim> shape) implements Type {
    public TensorType {
        shape = List.copyOf(shape);
    }

    /** A tensor type of the given dimensions. */
    public static TensorType of(DType dtype, Dim... shape) {
        return new TensorType(dtype, List.of(shape));
    }

    /** A tensor type of fixed sizes. */
    public static TensorType fixed(DType dtype, long... shape) {
        return new TensorType(dtype, java.util.Arrays.stream(shape).mapToObj(Dim::of).toList());
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

    @Override
    public String toString() {
        return dtype.text() + shape.stream().map(Dim::toString).collect(Collectors.joining(", ", "[", "]"));
    }
}
