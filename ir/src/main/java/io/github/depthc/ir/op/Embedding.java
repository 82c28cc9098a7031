// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/** Rows of a table: ids {@code i64[n]} and table {@code [vocab, d]} give {@code f32[n, d]}. */
public record Embedding() implements OpKind {
    @Override
    public String mnemonic() {
        return "embedding";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 2);
        Expect.noRegions(regions);
        TensorType ids = Expect.tensor(operands, 0, DType.I64, 1);
        TensorType table = Expect.floats(operands, 1);
        Expect.weight(operands, 1, table.fixedShape());
        Expect.attribute(table.rank() == 2, "operand 1 has type " + table + ", expected a table [vocab, d]");
        return List.of(TensorType.of(DType.F32, ids.dim(0), table.dim(1)));
    }

    @Override
    public List<Integer> rowWise(List<Type> operands) {
        return List.of(0);
    }
}
