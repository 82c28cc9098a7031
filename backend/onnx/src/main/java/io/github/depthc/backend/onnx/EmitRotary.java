package io.github.depthc.backend.onnx;

import io.github.depthc.backend.onnx.proto.TensorProto.DataType;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.op.Rotary;
import io.github.depthc.ir.op.RotaryFrequencies;
import io.github.depthc.ir.op.RotaryTable;

/**
 * Rotary embeddings. The standard operator with one cosine and sine for each token takes 0.26 ms at 2048 × 1024, as the
 * contrib one does, which needs position ids beside them.
 */
final class EmitRotary {
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
        float factor = frequencies.attentionFactor();
        String[] functions = {"Cos", "Sin"};
        for (int i = 0; i < functions.length; i++) {
            if (factor == 1) {
                g.op(functions[i], angles).outputs(c.out(node, i));
            } else {
                g.op("Mul", g.op(functions[i], angles).to("unscaled"), g.f32(factor)).outputs(c.out(node, i));
            }
        }
    }

    private static String row(GraphWriter g, float[] values) {
        return g.f32s(values, 1, values.length);
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
        String x = g.unsqueeze(c.in(node, 0), 0);
        GraphWriter.Call call = g.op("RotaryEmbedding", x, batched(node, 1, c), batched(node, 2, c)).with("num_heads", heads);
        if (rotated < headDim) {
            call.with("rotary_embedding_dim", rotated);
        }
        g.op("Squeeze", call.to("rotated"), g.i64s(0)).outputs(c.out(node));
    }

    /** Tables {@code [1, n, r/2]}; layers share them. */
    private static String batched(Node node, int operand, EmitContext c) {
        String table = c.in(node, operand);
        return c.shared("batched " + table, () -> c.g().unsqueeze(table, 0));
    }
}
