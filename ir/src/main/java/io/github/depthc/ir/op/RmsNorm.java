// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/**
 * Root mean square normalisation, {@code x / sqrt(mean(x²) + epsilon) · w}, over the last dimension, or over each of
 * {@code groups} equal parts of it (the heads of a query or key). With {@code unitOffset} the factor is {@code 1 + w}
 * (Gemma). x {@code [n, d]}, w {@code [d / groups]}.
 */
public record RmsNorm(double epsilon, boolean unitOffset, int groups) implements OpKind {
    public RmsNorm {
        Expect.attribute(epsilon >= 0 && epsilon < 1, "epsilon is " + epsilon + ", expected 0 to 1");
        Expect.attribute(groups >= 1, "groups is " + groups + ", expected at least 1");
    }

    @Override
    public String mnemonic() {
        return "rms_norm";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 2);
        Expect.noRegions(regions);
        TensorType x = Expect.floats(operands, 0);
        Expect.attribute(x.lastSize() % groups == 0, "groups is " + groups + ", expected a divisor of " + x.lastSize());
        Expect.weight(operands, 1, x.lastSize() / groups);
        return List.of(x);
    }

    @Override
    public List<Integer> rowWise(List<Type> operands) {
        return ((TensorType) operands.get(0)).rank() > 1 ? List.of(0) : List.of();
    }
}
