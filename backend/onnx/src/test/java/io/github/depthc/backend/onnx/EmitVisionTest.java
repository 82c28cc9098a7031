// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.DropFirst;
import io.github.depthc.ir.op.ImageAttention;
import io.github.depthc.ir.op.PatchEmbed;
import io.github.depthc.reference.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EmitVisionTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void aVisionTransformersOps(int images) {
        var t = new TestGraph(5);
        t.input("pixels", new Tensor(t.numbers(images * 3 * 12 * 12), images, 3, 12, 12));
        Value pixels = t.b.param("pixels", TensorType.of(DType.F32, Dim.of("images"), Dim.of(3), Dim.of(12), Dim.of(12)));
        Value x = t.add(new PatchEmbed("vision"), pixels, t.weight(8, 3, 4, 4), t.weight(8), t.weight(10, 8));
        Value attended = t.add(new ImageAttention(2, 10), x, x, x);
        t.check(1e-4, x, attended, t.add(new DropFirst(10, "left"), attended));
    }
}
