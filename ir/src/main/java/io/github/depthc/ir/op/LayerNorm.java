// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/**
 * Layer normalisation over the last dimension, {@code (x − mean(x)) / sqrt(variance(x) + epsilon) · w + b}, the variance being the
 * mean of squared differences (Ba et al. 2016). x {@code [n, d]}, w and b {@code [d]}.
 */
public record LayerNorm(double epsilon) implements OpKind {
    public LayerNorm {
        Expect.attribute(epsilon >= 0 && epsilon < 1, "epsilon is " + epsilon + ", expected 0 to 1");
    }

    @Override
    public String mnemonic() {
        return "layer_norm";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 3);
        Expect.noRegions(regions);
        TensorType x = Expect.floats(operands, 0);
        Expect.weight(operands, 1, x.lastSize());
        Expect.weight(operands, 2, x.lastSize());
        return List.of(x);
    }

    @Override
    public List<Integer> rowWise(List<Type> operands) {
        return ((TensorType) operands.get(0)).rank() > 1 ? List.of(0) : List.of();
    }
}
