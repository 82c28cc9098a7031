// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpCost;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/** {@code x · wᵀ + b}: x {@code [n, in]}, w {@code [out, in]} (HuggingFace's layout), optional b {@code [out]}. */
public record Linear() implements OpKind {
    @Override
    public String mnemonic() {
        return "linear";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 2, 3);
        Expect.noRegions(regions);
        TensorType x = Expect.floats(operands, 0);
        TensorType w = Expect.floats(operands, 1);
        Expect.attribute(w.rank() == 2, "operand 1 has type " + w + ", expected a matrix [out, in]");
        long out = w.fixedShape()[0];
        Expect.weight(operands, 1, out, x.lastSize());
        if (operands.size() == 3) {
            Expect.weight(operands, 2, out);
        }
        return List.of(x.withLast(Dim.of(out)));
    }

    @Override
    public OpCost cost(List<Type> operands, OpCost.Sizes sizes) {
        return OpCost.product((TensorType) operands.get(0), (TensorType) operands.get(1), sizes);
    }

    @Override
    public List<Integer> rowWise(List<Type> operands) {
        return ((TensorType) operands.get(0)).rank() > 1 ? List.of(0) : List.of();
    }
}
