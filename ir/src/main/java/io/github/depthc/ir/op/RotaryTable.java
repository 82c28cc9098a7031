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
 * Cosines and sines of the rotary embedding: positions {@code i64[n]} and their rows give {@code f32[n, dim / 2]} twice,
 * multiplied by the scaling's attention factor. The rows matter to scalings that depend on a sequence's length.
 */
public record RotaryTable(RotarySpec rotary) implements OpKind {
    @Override
    public String mnemonic() {
        return "rotary_table";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 2);
        Expect.noRegions(regions);
        TensorType positions = Expect.tensor(operands, 0, DType.I64, 1);
        Expect.tokens(operands, 1, positions.dim(0));
        TensorType table = TensorType.of(DType.F32, positions.dim(0), Dim.of(rotary.dim() / 2));
        return List.of(table, table);
    }
}
