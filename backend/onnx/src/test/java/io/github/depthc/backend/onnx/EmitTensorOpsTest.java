// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.Constant;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.GatherRows;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.SliceLast;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.reference.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EmitTensorOpsTest {
    private static final double TOLERANCE = 2e-6;

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7})
    void unary(int tokens) {
        var t = new TestGraph(1);
        var x = t.tokens("x", tokens, 6);
        OpKind[] kinds = {new Unary.Silu(), new Unary.Gelu(true), new Unary.Gelu(false), new Unary.Sigmoid(), new Unary.Tanh(),
            new Unary.Scale(0.3), new Unary.Softcap(1.5), new Unary.Softmax()};
        var yields = new Value[kinds.length];
        for (int i = 0; i < kinds.length; i++) {
            yields[i] = t.add(kinds[i], x);
        }
        t.check(TOLERANCE, yields);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5})
    void binary(int tokens) {
        var t = new TestGraph(2);
        var x = t.tokens("x", tokens, 4);
        var y = t.tokens("y", tokens, 4);
        var perRow = t.perToken("s", t.numbers(tokens));
        var scalar = t.add(new Constant(0.7));
        t.check(TOLERANCE, t.add(new Binary.Add(), x, y), t.add(new Binary.Sub(), x, y), t.add(new Binary.Mul(), x, y),
                t.add(new Binary.Residual(Binary.Branch.MLP), x, y), t.add(new Binary.Mul(), x, perRow), t.add(new Binary.Sub(), x, scalar),
                t.add(new Binary.Mul(), perRow, perRow), t.add(new Binary.Add(), x, t.weight(1, 4)), t.add(new Binary.Mul(), x, t.weight(1, 4)));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 9})
    void linear(int tokens) {
        var t = new TestGraph(3);
        var x = t.tokens("x", tokens, 12);
        t.check(1e-5, t.add(new Linear(), x, t.weight(5, 12)), t.add(new Linear(), x, t.weight(5, 12), t.weight(5)));
    }

    @Test
    void linearOfAVector() {
        var t = new TestGraph(4);
        double[] x = {1, -2, 0.5};
        double[] w = {3, 1, 2, -1, 0.5, 4};
        var y = t.add(new Linear(), t.param("x", TensorType.fixed(DType.F32, 3), x), t.weight(w, 2, 3), t.weight(new double[] {10, 20}, 2));
        var result = (Tensor) OrtRun.run(t.b.build(List.of(y)), false, t.inputs()).getFirst();
        assertArrayEquals(new double[] {10 + 3 - 2 + 1, 20 - 1 - 1 + 2}, result.data(), TOLERANCE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4})
    void indexing(int ids) {
        var t = new TestGraph(5);
        var id = t.longs("ids", "ids", Arrays.copyOf(new double[] {3, 0, 3, 6}, ids));
        var x = t.tokens("x", 7, 10);
        t.check(0, t.add(new Embedding(), id, t.weight(7, 3)), t.add(new GatherRows(), x, id), t.add(new SliceLast(2, 9), x));
    }
}
