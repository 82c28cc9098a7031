// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/**
 * Rotary position embedding of every head (the half-split form: element {@code i} is paired with {@code i + r/2}):
 * x {@code [n, heads · headDim]}, cosines and sines {@code [n, r/2]}. With {@code r < headDim} only the first r elements
 * of each head are rotated.
 */
public record Rotary(int heads) implements OpKind {
    public Rotary {
        Expect.attribute(heads >= 1, "heads is " + heads + ", expected at least 1");
    }

    @Override
    public String mnemonic() {
        return "rotary";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 3);
        Expect.noRegions(regions);
        TensorType x = Expect.floats(operands, 0);
        TensorType cos = Expect.tensor(operands, 1, DType.F32, 2);
        Expect.attribute(x.rank() == 2 && x.lastSize() % heads == 0 && 2 * cos.lastSize() <= x.lastSize() / heads,
                "operand 0 has type " + x + " with tables " + cos + ", expected [n, heads · headDim] and [n, at most headDim / 2]");
        Expect.same(operands, 1, TensorType.of(DType.F32, x.dim(0), Dim.of(cos.lastSize())));
        Expect.same(operands, 2, cos);
        return List.of(x);
    }

    @Override
    public List<Integer> rowWise(List<Type> operands) {
        return List.of(0, 1, 2);
    }
}
