// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.mod;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/**
 * Which of the kept tokens are wanted. Operands: the rows of all tokens {@code rows[n]}, ascending indices of the kept ones {@code i64[k]} and of the
 * wanted ones {@code i64[w]}. Results: the places of the tokens that are both, among the kept ones and among the wanted ones, ascending,
 * {@code i64[both]} each. Possibly there are none.
 *
 * @param both name of the dimension of the results
 */
public record ModOverlap(String both) implements OpKind {
    /** Place of the kept tokens' indices. */
    public static final int KEPT = 1;
    /** Place of the wanted tokens' indices. */
    public static final int WANTED = 2;

    @Override
    public String mnemonic() {
        return "mod.overlap";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 3);
        Expect.noRegions(regions);
        Expect.rows(operands, 0);
        Expect.tensor(operands, 1, DType.I64, 1);
        Expect.tensor(operands, WANTED, DType.I64, 1);
        TensorType places = TensorType.of(DType.I64, Dim.of(both));
        return List.of(places, places);
    }
}
