// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

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
 * The attention probabilities of a prompt of one row, for analyses: q {@code [n, heads · headDim]},
 * k {@code [n, kvHeads · headDim]} and their rows give {@code f32[heads, n, n]} (head, query, key), zero where a query
 * does not attend. Causal. Attributes as in {@link Attention}.
 */
public record AttentionProbs(int heads, int kvHeads, int headDim, double scale, double softcap, int window) implements OpKind {
    public AttentionProbs {
        Attention.check(heads, kvHeads, headDim);
    }

    @Override
    public String mnemonic() {
        return "attention_probs";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 3);
        Expect.noRegions(regions);
        RowsType rows = Expect.rows(operands, 2);
        Expect.same(operands, 0, TensorType.of(DType.F32, rows.tokens(), Dim.of((long) heads * headDim)));
        Expect.same(operands, 1, TensorType.of(DType.F32, rows.tokens(), Dim.of((long) kvHeads * headDim)));
        return List.of(TensorType.of(DType.F32, Dim.of(heads), rows.tokens(), rows.tokens()));
    }
}
