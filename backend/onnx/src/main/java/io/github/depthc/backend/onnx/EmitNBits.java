// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.op.EmbeddingNBits;
import io.github.depthc.ir.op.LinearNBits;

/**
 * Matrices in integers: ONNX Runtime's own operators, which read them as they are; for engines, a dequantisation in front of the product, which
 * builders take into it.
 */
final class EmitNBits {
    /**
     * Rounds x to 8 bits in blocks too: at any other level ONNX Runtime 1.29 is slower than in F32 with 8 bits, 50 times at one token, and
     * no faster than this with 4.
     */
    private static final int ACCURACY_LEVEL = 4;

    private EmitNBits() {
    }

    static void register(OpEmitters emitters) {
        emitters.put(LinearNBits.class, EmitNBits::linear);
        emitters.put(EmbeddingNBits.class, EmitNBits::embedding);
    }

    private static void linear(Node node, EmitContext c) {
        if (c.forEngine() && node.operand(1).tensor().dtype() == DType.I8) {
            dequantized(node, c);
            return;
        }
        requireRuntime(node, c);
        var kind = (LinearNBits) node.kind();
        String x = c.in(node, 0);
        String codes = c.stored(node, 1).name();
        String scales = c.in(node, 2);
        (node.operands().size() == 4 ? c.g().microsoft("MatMulNBits", x, codes, scales, "", "", c.in(node, 3)) : c.g().microsoft("MatMulNBits", x, codes, scales))
                .with("K", node.operand(0).tensor().lastSize()).with("N", node.operand(1).tensor().fixedShape()[0])
                .with("bits", kind.bits()).with("block_size", kind.block()).with("accuracy_level", ACCURACY_LEVEL).outputs(c.out(node));
    }

    /** Symmetric, in the row type: the scales' type is that of what is dequantised. */
    private static void dequantized(Node node, EmitContext c) {
        var kind = (LinearNBits) node.kind();
        GraphWriter g = c.g();
        String codes = c.integers(node, 1, kind.bits());
        String matrix = c.shared("dequantized " + codes,
                () -> g.transpose(g.op("DequantizeLinear", codes, c.narrowWeight(node, 2)).with("axis", 1).with("block_size", kind.block()).to("dequantized"), 1, 0));
        String x = c.in(node, 0);
        String product = g.op("MatMul", c.narrow() ? c.narrowed(x) : x, matrix).to("product");
        EmitTensorOps.withBias(node, c, c.narrow() ? c.widened(product) : product, 3);
    }

    private static void embedding(Node node, EmitContext c) {
        requireRuntime(node, c);
        var kind = (EmbeddingNBits) node.kind();
        long[] shape = node.operand(1).tensor().fixedShape();
        c.g().microsoft("GatherBlockQuantized", c.reshaped(node, 1, shape[0], shape[1] * shape[2]), c.in(node, 0), c.in(node, 2))
                .with("gather_axis", 0).with("quantize_axis", 1).with("bits", kind.bits()).with("block_size", kind.block()).outputs(c.out(node));
    }

    private static void requireRuntime(Node node, EmitContext c) {
        if (node.operand(1).tensor().dtype() == DType.I8) {
            throw new InputException("op '" + node.kind().mnemonic() + "' has signed codes, which stand in the graphs of engines alone; quantize the model's weights with quantize-weights");
        }
        if (c.portable()) {
            throw new InputException("op '" + node.kind().mnemonic() + "' is none of ONNX's own operators, of which a portable graph is made: leave "
                    + "quantize-weights out (--weights fp32), or do without --portable");
        }
    }
}
