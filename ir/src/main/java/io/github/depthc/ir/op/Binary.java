// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/**
 * Arithmetic on two floating point tensors of one type; the second may also have one value for each row of the first
 * ({@code [n]} beside {@code [n, d]}), or be one row for all of them ({@code [1, d]}, of any floating point type, such as a weight), or
 * be a scalar.
 */
public sealed interface Binary extends OpKind {
    @Override
    default List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 2);
        Expect.noRegions(regions);
        TensorType a = Expect.floats(operands, 0);
        TensorType b = Expect.tensor(operands, 1);
        boolean perRow = a.rank() == 2 && b.rank() == 1 && b.dim(0).equals(a.dim(0));
        boolean fits = b.dtype() == a.dtype() && (b.equals(a) || perRow || b.rank() == 0) || b.dtype().isFloat() && isRowForAll(a, b);
        if (!fits) {
            throw Expect.mismatch(1, b, a + (a.rank() == 2 ? ", or one value for each row, or one row, or a scalar" : " or a scalar"));
        }
        return List.of(a);
    }

    /** True if the second operand is one row that goes with every row of the first. */
    private static boolean isRowForAll(TensorType a, TensorType b) {
        return a.rank() == 2 && b.rank() == 2 && b.dim(0).equals(Dim.of(1)) && b.dim(1).equals(a.dim(1)) && !a.dim(0).equals(b.dim(0));
    }

    @Override
    default List<Integer> rowWise(List<Type> operands) {
        TensorType b = (TensorType) operands.get(1);
        return b.rank() == 0 || isRowForAll((TensorType) operands.get(0), b) ? List.of(0) : List.of(0, 1);
    }

    /** {@code a + b}. */
    record Add() implements Binary {
        @Override
        public String mnemonic() {
            return "add";
        }
    }

    /** {@code a - b}. */
    record Sub() implements Binary {
        @Override
        public String mnemonic() {
            return "sub";
        }
    }

    /** {@code a · b}. */
    record Mul() implements Binary {
        @Override
        public String mnemonic() {
            return "mul";
        }
    }

    /**
     * {@code a + b} where a is the residual stream and b what a branch of the layer adds to it. The name of the branch
     * tells a gate where to act.
     */
    record Residual(Branch branch) implements Binary {
        @Override
        public String mnemonic() {
            return "residual";
        }
    }

    /** Which branch of a decoder layer. */
    enum Branch { ATTENTION, MLP }
}
