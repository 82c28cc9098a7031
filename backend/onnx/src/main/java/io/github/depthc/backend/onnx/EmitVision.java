// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.Node;
import io.github.depthc.ir.op.DropFirst;
import io.github.depthc.ir.op.ImageAttention;
import io.github.depthc.ir.op.PatchEmbed;

/** The ops of a vision transformer. */
final class EmitVision {
    private EmitVision() {
    }

    static void register(OpEmitters emitters) {
        emitters.put(PatchEmbed.class, EmitVision::patchEmbed);
        emitters.put(ImageAttention.class, EmitVision::attention);
        emitters.put(DropFirst.class, EmitVision::dropFirst);
    }

    private static void patchEmbed(Node node, EmitContext c) {
        GraphWriter g = c.g();
        long[] w = node.operand(1).tensor().fixedShape();
        long d = w[0];
        String squares = g.op("Conv", c.in(node, 0), c.in(node, 1)).with("strides", new long[] {w[2], w[2]}).to("squares");
        String tokens = g.transpose(g.reshape(squares, 0, d, -1), 0, 2, 1);
        String images = g.op("Slice", g.op("Shape", squares).to("shape"), g.i64s(0), g.i64s(1)).to("images");
        String shape = g.op("Concat", images, g.i64s(1, d)).with("axis", 0).to("first_shape");
        String first = g.op("Expand", c.in(node, 2), shape).to("first");
        String all = g.op("Concat", first, tokens).with("axis", 1).to("tokens");
        g.op("Reshape", g.add(all, c.in(node, 3)), g.i64s(-1, d)).outputs(c.out(node));
    }

    private static void attention(Node node, EmitContext c) {
        GraphWriter g = c.g();
        var a = (ImageAttention) node.kind();
        long d = node.operand(0).tensor().lastSize();
        String q = g.reshape(c.in(node, 0), -1, a.length(), d);
        String k = g.reshape(c.in(node, 1), -1, a.length(), d);
        String v = g.reshape(c.in(node, 2), -1, a.length(), d);
        String y = c.portable() ? g.op("Attention", q, k, v).with("q_num_heads", a.heads()).with("kv_num_heads", a.heads()).to("attended")
                : g.microsoft("MultiHeadAttention", q, k, v).with("num_heads", a.heads()).to("attended");
        g.op("Reshape", y, g.i64s(-1, d)).outputs(c.out(node));
    }

    private static void dropFirst(Node node, EmitContext c) {
        GraphWriter g = c.g();
        var drop = (DropFirst) node.kind();
        long d = node.operand(0).tensor().lastSize();
        String images = g.reshape(c.in(node, 0), -1, drop.length(), d);
        String left = g.op("Slice", images, g.i64s(1), g.i64s(drop.length()), g.i64s(1)).to("left");
        g.op("Reshape", left, g.i64s(-1, d)).outputs(c.out(node));
    }
}
