// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/** An F32 scalar. */
public record Constant(double value) implements OpKind {
    @Override
    public String mnemonic() {
        return "constant";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 0);
        Expect.noRegions(regions);
        return List.of(TensorType.of(DType.F32));
    }
}
