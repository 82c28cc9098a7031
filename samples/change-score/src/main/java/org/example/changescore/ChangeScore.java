// SPDX-License-Identifier: Apache-2.0
package org.example.changescore;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.Lowerable;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.RmsNorm;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.List;
import java.util.Objects;

/**
 * How much each token changed between two places of the model. Operands: the hidden states now and before, both {@code f32[n, d]}.
 * Result: {@code f32[n]}.
 *
 * @param measure of the change
 */
public record ChangeScore(Measure measure) implements Lowerable {
    /** The name in the text form. Two plug-ins with one name do not load together, so it begins with the project's. */
    static final String MNEMONIC = "change.score";
    /** Of a token that is zero, the direction is zero too and not NaN. */
    private static final double EPSILON = 1e-12;

    /** How change is measured. */
    public enum Measure {
        /** {@code mean((now − before)²)}. */
        DISTANCE,
        /** {@code 2 − 2 · cos(now, before)}: lengths do not count. */
        DIRECTION
    }

    public ChangeScore {
        Objects.requireNonNull(measure);
    }

    @Override
    public String mnemonic() {
        return MNEMONIC;
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.noRegions(regions);
        Expect.count(operands, 2);
        TensorType now = Expect.tensor(operands, 0, DType.F32, 2);
        Expect.same(operands, 1, now);
        return List.of(TensorType.of(DType.F32, now.dim(0)));
    }

    /** In ops that every backend has; what they cost is what this op costs. */
    @Override
    public List<Value> lower(Node node, List<Value> operands, RegionBuilder b) {
        long d = ((TensorType) operands.getFirst().type()).lastSize();
        Value now = operands.get(0);
        Value before = operands.get(1);
        if (measure == Measure.DIRECTION) {
            // A root mean square of one: mean((a − b)²) = 1 + 1 − 2 · mean(a · b).
            Value one = constant(b, "one", 1, d);
            now = b.add("now", new RmsNorm(EPSILON, false, 1), now, one);
            before = b.add("before", new RmsNorm(EPSILON, false, 1), before, one);
        }
        Value change = b.add("change", new Binary.Sub(), now, before);
        Value squares = b.add("squares", new Binary.Mul(), change, change);
        return List.of(b.add("score", new ModScore(new Routing.Score.Linear(false)), squares, constant(b, "mean", 1.0 / d, 1, d)));
    }

    /** A weight whose elements are all the same. */
    private static Value constant(RegionBuilder b, String name, double value, long... shape) {
        return b.add(name, new Weight(WeightExpr.Inline.filled(value, shape)));
    }
}
