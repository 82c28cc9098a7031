// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModCombine;
import io.github.depthc.ir.mod.ModGate;
import io.github.depthc.ir.mod.ModGather;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.Routing.Gate;
import io.github.depthc.ir.mod.Routing.Score;
import io.github.depthc.reference.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EmitRoutingTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 8})
    void scores(int tokens) {
        var t = new TestGraph(1);
        var x = t.tokens("x", tokens, 10);
        t.check(2e-6, t.add(new ModScore(new Score.Linear(false)), x, t.weight(1, 10)),
                t.add(new ModScore(new Score.Linear(true)), x, t.weight(1, 10), t.weight(1)),
                t.add(new ModScore(new Score.SharedLinear()), x, t.weight(2, 10)));
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 32, 100})
    void aTokensScoreDoesNotDependOnItsNeighbours(int width) {
        for (int tokens : new int[] {1, 5, 17, 40}) {
            List<double[]> few = scores(width, tokens);
            List<double[]> many = scores(width, 83);
            for (int i = 0; i < few.size(); i++) {
                assertArrayEquals(few.get(i), Arrays.copyOf(many.get(i), tokens), tokens + " tokens, score " + i);
            }
        }
    }

    /** Scores of the first tokens of a fixed sequence. */
    private static List<double[]> scores(int width, int tokens) {
        var t = new TestGraph(6);
        var w = t.weight(1, width);
        var b = t.weight(1);
        var both = t.weight(2, width);
        var x = t.tokens("x", tokens, width);
        var region = t.b.build(List.of(t.add(new ModScore(new Score.Linear(false)), x, w), t.add(new ModScore(new Score.Linear(true)), x, w, b),
                t.add(new ModScore(new Score.SharedLinear()), x, both)));
        return OrtRun.run(region, false, t.inputs()).stream().map(y -> ((Tensor) y).data()).toList();
    }

    @Test
    void gates() {
        var t = new TestGraph(2);
        // Rows: some candidates, none, all, and one token.
        var rows = t.rows(4, 2, 3, 1);
        var candidates = t.flags("candidates", "0110" + "00" + "111" + "1");
        var score = t.perToken("score", t.numbers(10));
        Gate[] gates = {new Gate.One(), new Gate.Tanh(0.2, 1), new Gate.Sigmoid(2, 0.5), new Gate.Softmax(3, 0.1), new Gate.Probability()};
        t.check(1e-6, Arrays.stream(gates).map(g -> t.add(new ModGate(g), score, candidates, rows)).toArray(Value[]::new));
    }

    @Test
    void softmaxGateOfARowIsBitEqualInABatch() {
        double[] score = new TestGraph(3).numbers(37 + 21);
        double[] batch = gate(score, 37, 21);
        double[] first = gate(Arrays.copyOf(score, 37), 37);
        double[] second = gate(Arrays.copyOfRange(score, 37, 58), 21);
        assertArrayEquals(first, Arrays.copyOf(batch, 37));
        assertArrayEquals(second, Arrays.copyOfRange(batch, 37, 58));
    }

    private static double[] gate(double[] score, int... lengths) {
        var t = new TestGraph(4);
        var rows = t.rows(lengths);
        var candidates = t.flags("candidates", "1".repeat(score.length));
        var gate = t.add(new ModGate(new Gate.Softmax(1, 0)), t.perToken("score", score), candidates, rows);
        return ((Tensor) OrtRun.run(t.b.build(List.of(gate)), false, t.inputs()).getFirst()).data();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 6})
    void gatherAndCombine(int kept) {
        var t = new TestGraph(5);
        var x = t.tokens("x", 6, 4);
        var index = t.longs("index", "kept", Arrays.copyOf(new double[] {0, 2, 3, 4, 5, 1}, kept));
        var processed = t.param("y", TensorType.of(DType.F32, Dim.of("kept"), Dim.of(4)), t.numbers(kept * 4));
        t.check(0, t.add(new ModGather(), x, index), t.add(new ModCombine(), x, index, processed));
    }
}
