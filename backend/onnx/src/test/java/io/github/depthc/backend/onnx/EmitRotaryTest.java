// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.Node;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Rotary;
import io.github.depthc.ir.op.RotarySpec;
import io.github.depthc.ir.op.RotarySpec.Scaling;
import io.github.depthc.ir.op.RotaryTable;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EmitRotaryTest {
    @Test
    void tables() {
        var t = new TestGraph(1);
        var positions = t.longs("p", "tokens", 0, 1, 7, 2000, 131071);
        var rows = t.rows(5);
        Scaling[] scalings = {new Scaling.None(), new Scaling.Linear(4), new Scaling.Llama3(8, 1, 4, 8192),
            new Scaling.Yarn(4, 32, 1, 4096, 1.1386, true)};
        var yields = new Value[2 * scalings.length];
        for (int i = 0; i < scalings.length; i++) {
            Node n = t.b.node("table", new RotaryTable(new RotarySpec(16, 10000, scalings[i])), List.of(positions, rows), List.of());
            yields[2 * i] = n.result(0);
            yields[2 * i + 1] = n.result(1);
        }
        // A cosine of a large F32 angle is right to the last bits only if the angle is: both sides multiply in F32.
        t.check(3e-7, yields);
    }

    @Test
    void longRopeSwitchesRowByRow() {
        var t = new TestGraph(2);
        // Rows: of 10 tokens so far (not longer than 10), of 11, and a short prompt.
        var positions = t.longs("p", "tokens", 8, 9, 10, 0, 1, 2);
        var rows = t.rows(new int[] {2, 1, 3}, new int[] {8, 10, 0});
        Node n = t.b.node("table", new RotaryTable(new RotarySpec(6, 10000,
                new Scaling.LongRope(List.of(1.0, 1.1, 1.2), List.of(2.0, 3.0, 4.0), 10, 1.19))), List.of(positions, rows), List.of());
        t.check(3e-7, n.result(0), n.result(1));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 9})
    void rotatesHeads(int tokens) {
        var t = new TestGraph(3);
        var x = t.tokens("x", tokens, 48);
        var one = t.tokens("one", tokens, 8);
        var cos = t.tokens("cos", tokens, 4);
        var sin = t.tokens("sin", tokens, 4);
        // Whole heads, one head alone, and the first 8 of 16 and 12 elements.
        t.check(2e-6, t.add(new Rotary(6), x, cos, sin), t.add(new Rotary(1), one, cos, sin), t.add(new Rotary(3), x, cos, sin),
                t.add(new Rotary(4), x, cos, sin));
    }
}
