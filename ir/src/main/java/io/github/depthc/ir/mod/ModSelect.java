// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.mod;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/**
 * Which tokens are kept. Operands: rows, candidates {@code bool[n]} and, where the selection needs one, a key
 * {@code f32[n]}. Results: packed indices of the kept tokens, ascending, {@code i64[kept]}, and their rows. Possibly none
 * is kept.
 *
 * @param selection the rule
 * @param index     which decoder layer (a random selection depends on it)
 * @param kept      name of the dimension of the result
 */
public record ModSelect(Routing.Selection selection, int index, String kept) implements OpKind {
    @Override
    public String mnemonic() {
        return "mod.select";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, selection.needsScore() ? 3 : 2);
        Expect.noRegions(regions);
        RowsType rows = Expect.rows(operands, 0);
        Expect.same(operands, 1, TensorType.of(DType.BOOL, rows.tokens()));
        if (selection.needsScore()) {
            Expect.same(operands, 2, TensorType.of(DType.F32, rows.tokens()));
        }
        Dim dim = Dim.of(kept);
        return List.of(TensorType.of(DType.I64, dim), new RowsType(dim));
    }
}
