// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.mod;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.Lowerable;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.TypeException;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Binary;
import java.util.ArrayList;
import java.util.List;

/**
 * The skip gate, {@link ModCombine} and the next layer's {@link ModScore} in one pass over the rows. Operands: hidden states x
 * {@code f32[n, d]}, indices {@code i64[k]}, the kept tokens' new values {@code f32[k, d]}, with {@code gated} the gate of every token
 * {@code f32[n]}, then the score's weights. Results: what the tokens are now {@code f32[n, d]} (skipped ones x, or gate · x), and their
 * scores {@code f32[n]} unless the score is none.
 *
 * @param gated whether skipped tokens are multiplied by their gate
 * @param score how the result is scored: none or linear
 */
public record ModCombineScore(boolean gated, Routing.Score score) implements Lowerable {
    /** Place of the gate, where there is one. */
    public static final int GATE = 3;

    public ModCombineScore {
        Expect.attribute(score instanceof Routing.Score.None || score instanceof Routing.Score.Linear, "score is " + score + ", expected none or linear");
    }

    /** Place of the first weight. */
    public int weightsAt() {
        return gated ? GATE + 1 : GATE;
    }

    @Override
    public String mnemonic() {
        return "mod.combine_score";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.noRegions(regions);
        int weights = switch (score) {
            case Routing.Score.Linear(boolean bias) -> bias ? 2 : 1;
            default -> 0;
        };
        Expect.count(operands, weightsAt() + weights);
        TensorType x = (TensorType) new ModCombine().infer(operands.subList(0, GATE), regions).getFirst();
        if (gated) {
            Expect.same(operands, GATE, TensorType.of(DType.F32, x.dim(0)));
        }
        if (weights == 0) {
            return List.of(x);
        }
        var ofScore = new ArrayList<Type>(List.of(x));
        ofScore.addAll(operands.subList(weightsAt(), operands.size()));
        try {
            return List.of(x, new ModScore(score).infer(ofScore, regions).getFirst());
        } catch (TypeException e) {
            throw new TypeException("of its score: " + e.getMessage());
        }
    }

    /** The ops it joins. */
    @Override
    public List<Value> lower(Node node, List<Value> operands, RegionBuilder b) {
        Value x = operands.getFirst();
        Value skipped = gated ? b.add("skipped", new Binary.Mul(), x, operands.get(GATE)) : x;
        Value combined = b.add(node.result(0).name(), new ModCombine(), skipped, operands.get(1), operands.get(2));
        if (score instanceof Routing.Score.None) {
            return List.of(combined);
        }
        var ofScore = new ArrayList<Value>(List.of(combined));
        ofScore.addAll(operands.subList(weightsAt(), operands.size()));
        return List.of(combined, b.add(node.result(1).name(), new ModScore(score), ofScore.toArray(Value[]::new)));
    }
}
