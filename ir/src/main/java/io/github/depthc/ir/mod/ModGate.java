// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.mod;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/**
 * The gate of each token: operands score {@code f32[n]}, candidates {@code bool[n]}, rows; result {@code f32[n]}, one
 * where the token is no candidate.
 */
public record ModGate(Routing.Gate gate) implements OpKind {
    @Override
    public String mnemonic() {
        return "mod.gate";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 3);
        Expect.noRegions(regions);
        TensorType score = Expect.tensor(operands, 0, DType.F32, 1);
        Expect.same(operands, 1, TensorType.of(DType.BOOL, score.dim(0)));
        Expect.same(operands, 2, new RowsType(score.dim(0)));
        return List.of(score);
    }
}
