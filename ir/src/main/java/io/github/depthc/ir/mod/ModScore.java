// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.mod;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpCost;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.TypeException;
import java.util.List;

/**
 * A router's score of each token: {@link Routing.Score.Linear} takes x {@code [n, d]}, w and, with bias, b;
 * {@link Routing.Score.SharedLinear} takes the normed x and W. Result {@code f32[n]}. Scores by attention are
 * {@link io.github.depthc.ir.op.AttentionReceived}.
 */
public record ModScore(Routing.Score score) implements OpKind {
    @Override
    public String mnemonic() {
        return "mod.score";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.noRegions(regions);
        Expect.count(operands, 2, 3);
        TensorType x = Expect.tensor(operands, 0, DType.F32, 2);
        switch (score) {
            case Routing.Score.Linear(boolean bias) -> {
                Expect.count(operands, bias ? 3 : 2);
                Expect.weight(operands, 1, 1, x.lastSize());
                if (bias) {
                    Expect.weight(operands, 2, 1);
                }
            }
            case Routing.Score.SharedLinear s -> {
                Expect.count(operands, 2);
                Expect.weight(operands, 1, 2, x.lastSize());
            }
            default -> throw new TypeException("score is " + score + ", expected linear or shared_linear");
        }
        return List.of(TensorType.of(DType.F32, x.dim(0)));
    }

    @Override
    public OpCost cost(List<Type> operands, OpCost.Sizes sizes) {
        return OpCost.product((TensorType) operands.get(0), (TensorType) operands.get(1), sizes);
    }
}
