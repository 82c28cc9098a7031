// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.util.List;

/** Checks that op kinds make in {@link OpKind#infer}; each failure is a {@link TypeException} "has X, expected Y". */
public final class Expect {
    private Expect() {
    }

    /** Between {@code min} and {@code max} operands. */
    public static void count(List<Type> operands, int min, int max) {
        if (operands.size() < min || operands.size() > max) {
            throw new TypeException("has " + Counted.of(operands.size(), "operand") + ", expected "
                    + (min == max ? Integer.toString(min) : min + " to " + max));
        }
    }

    /** Exactly this many operands. */
    public static void count(List<Type> operands, int n) {
        count(operands, n, n);
    }

    /** Operand {@code i} as a tensor. */
    public static TensorType tensor(List<Type> operands, int i) {
        if (operands.get(i) instanceof TensorType t) {
            return t;
        }
        throw mismatch(i, operands.get(i), "a tensor");
    }

    /** Operand {@code i} as a floating point tensor of at least one dimension. */
    public static TensorType floats(List<Type> operands, int i) {
        TensorType t = tensor(operands, i);
        if (!t.dtype().isFloat() || t.rank() == 0) {
            throw mismatch(i, t, "a floating point tensor of rank 1 or more");
        }
        return t;
    }

    /** Operand {@code i} as a tensor of this element type and rank. */
    public static TensorType tensor(List<Type> operands, int i, DType dtype, int rank) {
        TensorType t = tensor(operands, i);
        if (t.dtype() != dtype || t.rank() != rank) {
            throw mismatch(i, t, dtype.text() + " of rank " + rank);
        }
        return t;
    }

    /** Operand {@code i} as a weight of this fixed shape and any floating point element type. */
    public static TensorType weight(List<Type> operands, int i, long... shape) {
        TensorType t = tensor(operands, i);
        if (!t.dtype().isFloat() || !t.shape().equals(TensorType.fixed(t.dtype(), shape).shape())) {
            throw mismatch(i, t, "floating point " + java.util.Arrays.toString(shape));
        }
        return t;
    }

    /** Operand {@code i} as rows. */
    public static RowsType rows(List<Type> operands, int i) {
        if (operands.get(i) instanceof RowsType r) {
            return r;
        }
        throw mismatch(i, operands.get(i), "rows");
    }

    /** Operand {@code i} as a cache. */
    public static CacheType cache(List<Type> operands, int i) {
        if (operands.get(i) instanceof CacheType c) {
            return c;
        }
        throw mismatch(i, operands.get(i), "a cache");
    }

    /** Operand {@code i} has exactly this type. */
    public static void same(List<Type> operands, int i, Type expected) {
        if (!operands.get(i).equals(expected)) {
            throw mismatch(i, operands.get(i), expected.toString());
        }
    }

    /** The rows operand {@code i} describes this token dimension. */
    public static void tokens(List<Type> operands, int i, Dim tokens) {
        if (!rows(operands, i).tokens().equals(tokens)) {
            throw mismatch(i, operands.get(i), "rows[" + tokens + "]");
        }
    }

    /** No regions. */
    public static void noRegions(List<Region> regions) {
        if (!regions.isEmpty()) {
            throw new TypeException("has " + Counted.of(regions.size(), "region") + ", expected none");
        }
    }

    /** An attribute's value is in order, else this message. */
    public static void attribute(boolean ok, String message) {
        if (!ok) {
            throw new TypeException(message);
        }
    }

    /** Operand {@code i} has a type that is not expected. */
    public static TypeException mismatch(int i, Type has, String expected) {
        return new TypeException("operand " + i + " has type " + has + ", expected " + expected);
    }
}
