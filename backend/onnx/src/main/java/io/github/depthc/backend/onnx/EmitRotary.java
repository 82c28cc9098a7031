// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.backend.onnx.proto.TensorProto.DataType;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.op.Rotary;
import io.github.depthc.ir.op.RotaryFrequencies;
import io.github.depthc.ir.op.RotaryTable;
import java.util.Arrays;

/**
 * Rotary embeddings. The standard operator with one cosine and sine for each token takes 0.26 ms at 2048 × 1024, as the
 * contrib one does, which needs position ids beside them.
 */
final class EmitRotary {
    /**
     * Cosines at the end of a tensor, where no whole vector is left, are computed by another function and may differ in the
     * last bit. Rows of tables are multiples of this, so that a token's numbers do not depend on the tokens beside it.
     */
    private static final int LANES = 16;

    private EmitRotary() {
    }

    static void register(OpEmitters emitters) {
        emitters.put(RotaryTable.class, EmitRotary::table);
        emitters.put(Rotary.class, EmitRotary::rotary);
    }

    private static void table(Node node, EmitContext c) {
        GraphWriter g = c.g();
        var frequencies = RotaryFrequencies.of(((RotaryTable) node.kind()).rotary());
        String positions = c.in(node, 0);
        String inverse = row(g, frequencies.inverse());
        if (frequencies.dependsOnLength()) {
            String isLong = isLong(positions, c.rows(node, 1), frequencies.switchLength(), g);
            inverse = g.where(g.unsqueeze(isLong, 1), row(g, frequencies.longInverse()), inverse);
        }
        String angles = g.mul(g.unsqueeze(g.cast(positions, DataType.FLOAT), 1), inverse);
        function(g, "Cos", angles, frequencies, c.out(node, 0));
        function(g, "Sin", angles, frequencies, c.out(node, 1));
    }

    private static void function(GraphWriter g, String function, String angles, RotaryFrequencies frequencies, String out) {
        int half = frequencies.inverse().length;
        String y = g.op(function, angles).to("of_angles");
        if (half % LANES != 0) {
            y = g.op("Slice", y, g.i64s(0), g.i64s(half), g.i64s(1)).to("unpadded");
        }
        g.op("Mul", y, g.f32(frequencies.attentionFactor())).outputs(out);
    }

    /** One frequency for each column, and zeros up to a whole number of vectors. */
    private static String row(GraphWriter g, float[] values) {
        float[] padded = Arrays.copyOf(values, (values.length + LANES - 1) / LANES * LANES);
        return g.f32s(padded, 1, padded.length);
    }

    /** For each token whether its row has, by its largest position so far, more than this many tokens; BOOL {@code [n]}. */
    private static String isLong(String positions, RowsLayout rows, long length, GraphWriter g) {
        String ofRow = g.where(rows.membership(), g.unsqueeze(positions, 1), g.i64(-1));
        String last = g.reduce("ReduceMax", ofRow, 0);
        return g.op("GreaterOrEqual", g.gather(last, rows.rowOf(), 0), g.i64(length)).to("is_long");
    }

    private static void rotary(Node node, EmitContext c) {
        GraphWriter g = c.g();
        int heads = ((Rotary) node.kind()).heads();
        long headDim = node.operand(0).tensor().lastSize() / heads;
        long rotated = 2 * node.operand(1).tensor().lastSize();
        if (c.forEngine()) {
            spelledOut(node, heads, headDim, rotated, c);
            return;
        }
        String x = g.unsqueeze(c.in(node, 0), 0);
        GraphWriter.Call call = g.op("RotaryEmbedding", x, batched(node, 1, c), batched(node, 2, c)).with("num_heads", heads);
        if (rotated < headDim) {
            call.with("rotary_embedding_dim", rotated);
        }
        g.op("Squeeze", call.to("rotated"), g.i64s(0)).outputs(c.out(node));
    }

    /** By operators that every builder has: the two halves of each head's rotated part, turned by the token's angles. */
    private static void spelledOut(Node node, long heads, long headDim, long rotated, EmitContext c) {
        GraphWriter g = c.g();
        String x = g.reshape(c.in(node, 0), 0, heads, headDim);
        String cos = perHead(node, 1, c);
        String sin = perHead(node, 2, c);
        String first = last(g, x, 0, rotated / 2);
        String second = last(g, x, rotated / 2, rotated);
        String turned = g.sub(g.mul(first, cos), g.mul(second, sin));
        String other = g.add(g.mul(second, cos), g.mul(first, sin));
        String all = rotated == headDim ? g.op("Concat", turned, other).with("axis", -1).to("rotated")
                : g.op("Concat", turned, other, last(g, x, rotated, headDim)).with("axis", -1).to("rotated");
        g.op("Reshape", all, g.i64s(0, heads * headDim)).outputs(c.out(node));
    }

    private static String last(GraphWriter g, String x, long begin, long end) {
        return g.op("Slice", x, g.i64s(begin), g.i64s(end), g.i64s(-1)).to("part");
    }

    /** Tables {@code [n, 1, r/2]}. */
    private static String perHead(Node node, int operand, EmitContext c) {
        String table = c.in(node, operand);
        return c.shared("per head " + table, () -> c.g().unsqueeze(table, 1));
    }

    /** Tables {@code [1, n, r/2]}; layers share them. */
    private static String batched(Node node, int operand, EmitContext c) {
        String table = c.in(node, operand);
        return c.shared("batched " + table, () -> c.g().unsqueeze(table, 0));
    }
}
