// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.mod;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Layer;
import java.util.List;
import java.util.Optional;

/**
 * A decoder layer in which only part of the tokens is processed. Operands: those of {@link Layer}, then the candidates
 * {@code bool[n]}, the scores {@code f32[n]} where they are {@link Routing.Score.Given}, then the weights of the routing
 * ({@link Routing#weightShapes}). The region is the dense layer's, unchanged.
 *
 * @param index   which decoder layer, from 0
 * @param routing what it does
 */
public record ModLayer(int index, Routing routing) implements DecoderLayer {
    /** Place of the candidates operand. */
    public static final int CANDIDATES = Layer.OPERANDS;
    /** Place of the scores, where they are given, or else of the first weight. */
    public static final int SCORE = CANDIDATES + 1;
    /** How many weights a {@link Routing.SkipPath.Linear} has; they are the last operands. */
    public static final int SKIP_WEIGHTS = 3;

    public ModLayer {
        Expect.attribute(index >= 0, "index is " + index + ", expected 0 or more");
    }

    @Override
    public String mnemonic() {
        return "mod";
    }

    /** Place of the first weight. */
    public int weightsAt() {
        return routing.score() instanceof Routing.Score.Given ? SCORE + 1 : SCORE;
    }

    @Override
    public Optional<Routing> routed() {
        return Optional.of(routing);
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.attribute(!operands.isEmpty(), "has no operands, expected those of a layer");
        TensorType x = Expect.tensor(operands, Layer.HIDDEN, DType.F32, 2);
        List<long[]> weights = routing.weightShapes(x.lastSize());
        int first = weightsAt();
        Expect.count(operands, first + weights.size());
        Expect.same(operands, CANDIDATES, TensorType.of(DType.BOOL, x.dim(0)));
        if (routing.score() instanceof Routing.Score.Given) {
            Expect.same(operands, SCORE, TensorType.of(DType.F32, x.dim(0)));
        }
        for (int i = 0; i < weights.size(); i++) {
            Expect.weight(operands, first + i, weights.get(i));
        }
        return Layer.inferBody(operands, regions);
    }

    /** Routing made explicit: score, gate, selection, the body over the kept tokens, and the tokens put back. */
    @Override
    public List<Value> lower(Node node, List<Value> operands, RegionBuilder b) {
        return new RoutedLayer(b, this, node.region(), operands).emit();
    }
}
