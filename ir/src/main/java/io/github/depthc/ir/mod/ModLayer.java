// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.mod;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.op.Layer;
import java.util.ArrayList;
import java.util.List;

/**
 * A decoder layer in which only part of the tokens is processed. Operands: those of {@link Layer}, then the candidates
 * {@code bool[n]}, then the weights of the score ({@link Routing.Score.Linear}: w and, with bias, b;
 * {@link Routing.Score.SharedLinear}: W) and of the skip path ({@link Routing.SkipPath.Linear}: down, up, c). The region
 * is the dense layer's, unchanged.
 *
 * @param index   which decoder layer, from 0
 * @param routing what it does
 */
public record ModLayer(int index, Routing routing) implements OpKind {
    /** Place of the candidates operand. */
    public static final int CANDIDATES = Layer.OPERANDS;
    /** Place of the first weight of the score. */
    public static final int WEIGHTS = CANDIDATES + 1;

    public ModLayer {
        Expect.attribute(index >= 0, "index is " + index + ", expected 0 or more");
    }

    @Override
    public String mnemonic() {
        return "mod";
    }

    /** How many weights the score takes. */
    public int scoreWeights() {
        return switch (routing.score()) {
            case Routing.Score.None s -> 0;
            case Routing.Score.Linear s -> s.bias() ? 2 : 1;
            case Routing.Score.SharedLinear s -> 1;
            case Routing.Score.AttentionReceived s -> 0;
        };
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        int skipWeights = routing.skip() instanceof Routing.SkipPath.Linear ? 3 : 0;
        Expect.count(operands, WEIGHTS + scoreWeights() + skipWeights);
        TensorType x = Expect.tensor(operands, Layer.HIDDEN, DType.F32, 2);
        long d = x.lastSize();
        Expect.same(operands, CANDIDATES, TensorType.of(DType.BOOL, x.dim(0)));
        var shapes = new ArrayList<long[]>();
        switch (routing.score()) {
            case Routing.Score.None s -> { }
            case Routing.Score.Linear s -> {
                shapes.add(new long[] {1, d});
                if (s.bias()) {
                    shapes.add(new long[] {1});
                }
            }
            case Routing.Score.SharedLinear s -> shapes.add(new long[] {2, d});
            case Routing.Score.AttentionReceived s -> { }
        }
        if (routing.skip() instanceof Routing.SkipPath.Linear(int rank)) {
            shapes.add(new long[] {rank, d});
            shapes.add(new long[] {d, rank});
            shapes.add(new long[] {d});
        }
        for (int i = 0; i < shapes.size(); i++) {
            Expect.weight(operands, WEIGHTS + i, shapes.get(i));
        }
        return Layer.inferBody(operands, regions);
    }
}
