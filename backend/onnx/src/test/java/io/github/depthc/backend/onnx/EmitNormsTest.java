// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.op.AddRmsNorm;
import io.github.depthc.ir.op.LayerNorm;
import io.github.depthc.ir.op.RmsNorm;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EmitNormsTest {
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 6})
    void rmsNorm(int tokens) {
        var t = new TestGraph(1);
        var x = t.tokens("x", tokens, 24);
        t.check(3e-6, t.add(new RmsNorm(1e-5, false, 1), x, t.weight(24)), t.add(new RmsNorm(1e-2, true, 1), x, t.weight(24)),
                t.add(new RmsNorm(1e-6, false, 3), x, t.weight(8)), t.add(new RmsNorm(1e-6, true, 4), x, t.weight(6)));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 6})
    void layerNorm(int tokens) {
        var t = new TestGraph(3);
        var x = t.tokens("x", tokens, 24);
        t.check(3e-6, t.add(new LayerNorm(1e-12), x, t.weight(24), t.weight(24)), t.add(new LayerNorm(1e-2), x, t.weight(24), t.weight(24)));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 6})
    void addRmsNorm(int tokens) {
        var t = new TestGraph(2);
        var x = t.tokens("x", tokens, 24);
        var y = t.tokens("y", tokens, 24);
        var plain = t.b.node("plain", new AddRmsNorm(1e-5, false), List.of(x, y, t.weight(24)), List.of());
        var offset = t.b.node("offset", new AddRmsNorm(1e-5, true), List.of(x, y, t.weight(24)), List.of());
        t.check(3e-6, plain.result(0), plain.result(1), offset.result(1));
    }
}
