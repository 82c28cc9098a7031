// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.List;

/** A weight as a value: no operands, one result of the weight's type. */
public record Weight(WeightExpr expr) implements OpKind {
    @Override
    public String mnemonic() {
        return "weight";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 0);
        Expect.noRegions(regions);
        return List.of(expr.type());
    }
}
