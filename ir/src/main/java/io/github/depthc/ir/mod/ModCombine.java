// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.mod;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/**
 * Puts the processed tokens back: operands what every token is when skipped {@code f32[n, d]}, indices {@code i64[k]}, the
 * kept tokens' new values {@code f32[k, d]}; result {@code f32[n, d]}.
 */
public record ModCombine() implements OpKind {
    @Override
    public String mnemonic() {
        return "mod.combine";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 3);
        Expect.noRegions(regions);
        TensorType skipped = Expect.tensor(operands, 0, DType.F32, 2);
        TensorType indices = Expect.tensor(operands, 1, DType.I64, 1);
        Expect.same(operands, 2, skipped.withFirst(indices.dim(0)));
        return List.of(skipped);
    }
}
