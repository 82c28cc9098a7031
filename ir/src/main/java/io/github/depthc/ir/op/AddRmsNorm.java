// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/**
 * A residual addition and the norm that follows it, in one: operands {@code a, b [n, d]} and {@code w [d]}, results
 * {@code a + b} and its root mean square normalisation (see {@link RmsNorm}).
 */
public record AddRmsNorm(double epsilon, boolean unitOffset) implements OpKind {
    @Override
    public String mnemonic() {
        return "add_rms_norm";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 3);
        Expect.noRegions(regions);
        TensorType a = Expect.floats(operands, 0);
        Expect.same(operands, 1, a);
        Expect.weight(operands, 2, a.lastSize());
        return List.of(a, a);
    }

    @Override
    public List<Integer> rowWise(List<Type> operands) {
        return ((TensorType) operands.get(0)).rank() > 1 ? List.of(0, 1) : List.of();
    }
}
