// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.AttributeDefault;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpCost;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/**
 * How much attention each new token receives from the last {@code observers} new tokens of its row, summed over those
 * queries and averaged over heads: q {@code [n, heads · headDim]}, k {@code [n, kvHeads · headDim]} and their rows give
 * {@code f32[n]}. Over the new tokens alone. Other attributes as in {@link Attention}.
 */
public record AttentionReceived(int heads, int kvHeads, int headDim, double scale, double softcap, int observers,
        @AttributeDefault("true") boolean causal) implements OpKind {
    public AttentionReceived {
        Attention.check(heads, kvHeads, headDim);
        Expect.attribute(observers >= 1, "observers is " + observers + ", expected at least 1");
    }

    /** A causal one. */
    public AttentionReceived(int heads, int kvHeads, int headDim, double scale, double softcap, int observers) {
        this(heads, kvHeads, headDim, scale, softcap, observers, true);
    }

    @Override
    public String mnemonic() {
        return "attention_received";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 3);
        Expect.noRegions(regions);
        RowsType rows = Expect.rows(operands, 2);
        Expect.same(operands, 0, TensorType.of(DType.F32, rows.tokens(), Dim.of((long) heads * headDim)));
        Expect.same(operands, 1, TensorType.of(DType.F32, rows.tokens(), Dim.of((long) kvHeads * headDim)));
        return List.of(TensorType.of(DType.F32, rows.tokens()));
    }

    @Override
    public OpCost cost(List<Type> operands, OpCost.Sizes sizes) {
        double tokens = sizes.applyAsDouble(((RowsType) operands.get(2)).tokens());
        return new OpCost(0, 2.0 * heads * headDim * Math.min(observers, tokens) * tokens, 0);
    }
}
