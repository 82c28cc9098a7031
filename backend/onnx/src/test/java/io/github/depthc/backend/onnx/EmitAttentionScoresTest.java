// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.depthc.ir.op.AttentionProbs;
import io.github.depthc.ir.op.AttentionReceived;
import io.github.depthc.reference.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EmitAttentionScoresTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 9})
    void probabilities(int n) {
        var t = new TestGraph(1);
        var q = t.tokens("q", n, 24);
        var k = t.tokens("k", n, 12);
        var rows = t.rows(n);
        t.check(1e-6, t.add(new AttentionProbs(4, 2, 6, 0.4, 0, 0), q, k, rows), t.add(new AttentionProbs(4, 2, 6, 0.4, 1.5, 3), q, k, rows));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 100})
    void received(int observers) {
        var t = new TestGraph(2);
        var q = t.tokens("q", 19, 24);
        var k = t.tokens("k", 19, 12);
        var rows = t.rows(7, 1, 11);
        t.check(5e-6, t.add(new AttentionReceived(4, 2, 6, 0.4, 0, observers), q, k, rows),
                t.add(new AttentionReceived(4, 2, 6, 0.4, 1.5, observers), q, k, rows),
                t.add(new AttentionReceived(4, 2, 6, 0.4, 0, observers, false), q, k, rows));
    }

    @Test
    void receivedIsBitEqualAloneAndInABatch() {
        int[] lengths = {37, 1, 120, 5};
        double[] batch = received(0, 163, lengths);
        int at = 0;
        for (int n : lengths) {
            assertArrayEquals(received(at, n, n), Arrays.copyOfRange(batch, at, at + n));
            at += n;
        }
    }

    private static double[] received(int from, int n, int... lengths) {
        var t = new TestGraph(3);
        double[] q = Arrays.copyOfRange(t.numbers(163 * 24), from * 24, (from + n) * 24);
        double[] k = Arrays.copyOfRange(t.numbers(163 * 12), from * 12, (from + n) * 12);
        var y = t.add(new AttentionReceived(4, 2, 6, 0.4, 0, 8), t.tokens("q", q, 24), t.tokens("k", k, 12), t.rows(lengths));
        return ((Tensor) OrtRun.run(t.b.build(List.of(y)), false, t.inputs()).getFirst()).data();
    }
}
