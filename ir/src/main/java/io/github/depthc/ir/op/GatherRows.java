// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/**
 * Rows of a tensor by index: x {@code [n, …]} and indices {@code i64[k]} give {@code [k, …]}. Of a rows value
 * {@code rows[n]} it gives the rows of those tokens, {@code rows[k]}; the indices must ascend then.
 */
public record GatherRows() implements OpKind {
    @Override
    public String mnemonic() {
        return "gather_rows";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 2);
        Expect.noRegions(regions);
        TensorType indices = Expect.tensor(operands, 1, DType.I64, 1);
        if (operands.getFirst() instanceof RowsType) {
            return List.of(new RowsType(indices.dim(0)));
        }
        TensorType x = Expect.tensor(operands, 0);
        Expect.attribute(x.rank() >= 1, "operand 0 is a scalar, expected rank 1 or more");
        return List.of(x.withFirst(indices.dim(0)));
    }
}
