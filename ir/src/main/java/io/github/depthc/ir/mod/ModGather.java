// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.mod;

import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.op.GatherRows;
import java.util.List;

/** The kept tokens of a tensor: x {@code [n, …]}, indices {@code i64[k]} give {@code [k, …]}. */
public record ModGather() implements OpKind {
    @Override
    public String mnemonic() {
        return "mod.gather";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 2);
        Expect.tensor(operands, 0);
        return new GatherRows().infer(operands, regions);
    }
}
