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
 * Positions by a layer's own cache: for each token of the rows, its row's cache length plus its place among the row's
 * tokens here. Operands: rows and optionally the cache, which counts as empty where it is left out. Result {@code i64[n]}. γ-MoD numbers the tokens of a routed layer like this.
 */
public record CachePositions() implements OpKind {
    @Override
    public String mnemonic() {
        return "cache_positions";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 1, 2);
        Expect.noRegions(regions);
        RowsType rows = Expect.rows(operands, 0);
        if (operands.size() == 2) {
            Expect.cache(operands, 1);
        }
        return List.of(TensorType.of(DType.I64, rows.tokens()));
    }
}
