// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.Node;
import io.github.depthc.ir.op.AttentionProbs;
import io.github.depthc.ir.op.AttentionReceived;
import java.util.stream.LongStream;

/** Attention probabilities as values, for analyses and for scores: scores, mask and softmax written out. */
final class EmitAttentionScores {
    private EmitAttentionScores() {
    }

    static void register(OpEmitters emitters) {
        emitters.put(AttentionProbs.class, EmitAttentionScores::probs);
        emitters.put(AttentionReceived.class, EmitAttentionScores::received);
    }

    private static void probs(Node node, EmitContext c) {
        var a = (AttentionProbs) node.kind();
        GraphWriter g = c.g();
        RowsLayout rows = c.rows(node, 2);
        String q = g.transpose(g.reshape(c.in(node, 0), 0, a.heads(), a.headDim()), 1, 0, 2);
        String k = g.transpose(g.reshape(c.in(node, 1), 0, a.kvHeads(), a.headDim()), 1, 2, 0);
        String scores = scores(g, q, g.gather(k, headOf(g, a.heads(), a.kvHeads()), 0), a.scale(), a.softcap());
        String index = a.window() > 0 && rows.mayBeEmpty() ? rows.sequenceIndex() : g.range(rows.tokenCount());
        String distance = g.sub(g.unsqueeze(index, 1), g.unsqueeze(index, 0));
        String seen = g.op("GreaterOrEqual", distance, g.i64(0)).to("seen");
        if (a.window() > 0) {
            seen = g.op("And", seen, g.op("Less", distance, g.i64(a.window())).to("near")).to("seen");
        }
        g.op("Softmax", g.where(seen, scores, g.f32(Double.NEGATIVE_INFINITY))).with("axis", -1).outputs(c.out(node));
    }

    /**
     * The observers' places are {@code observers} in every row, the unused ones last, and the keys are rounded up as in
     * {@link MaskedAttention}: a row's sums are bit-equal alone and in a batch.
     */
    private static void received(Node node, EmitContext c) {
        var a = (AttentionReceived) node.kind();
        GraphWriter g = c.g();
        RowsLayout rows = c.rows(node, 2);
        RowsLayout.Padding pad = rows.padded(0, MaskedAttention.KEY_MULTIPLE);
        String counts = g.unsqueeze(rows.counts(), 1);
        String first = g.op("Max", g.sub(counts, g.i64(a.observers())), g.i64(0)).to("first_observer");
        String observer = g.add(first, g.i64s(LongStream.range(0, a.observers()).toArray()));
        String exists = g.op("Less", observer, counts).to("observer_exists");
        String token = g.add(g.unsqueeze(rows.offsets(), 1), g.op("Min", observer, g.sub(counts, g.i64(1))).to("observer"));

        String q = heads(g, g.gather(c.in(node, 0), token, 0), a.heads(), a.headDim(), 0, 2, 1, 3);
        String k = heads(g, g.gather(c.in(node, 1), pad.tokens(), 0), a.kvHeads(), a.headDim(), 0, 2, 3, 1);
        String scores = scores(g, q, g.gather(k, headOf(g, a.heads(), a.kvHeads()), 1), a.scale(), a.softcap());
        // Not causal, an observer sees its row's tokens; columns beyond their end are no tokens.
        String visible = a.causal() ? g.op("LessOrEqual", pad.columns(), g.unsqueeze(observer, 2)).to("causal") : g.unsqueeze(pad.valid(), 1);
        String seen = g.unsqueeze(g.op("And", visible, g.unsqueeze(exists, 2)).to("seen"), 1);
        String masked = g.where(seen, scores, g.f32(Double.NEGATIVE_INFINITY));
        // A place without an observer sees nothing, and its softmax is no number.
        String probs = g.where(seen, g.op("Softmax", masked).with("axis", -1).to("probs"), g.f32(0));
        String perKey = g.reduce("ReduceMean", g.reduce("ReduceSum", probs, 2), 1);
        g.op("Gather", g.reshape(perKey, -1), pad.places()).with("axis", 0).outputs(c.out(node));
    }

    private static String heads(GraphWriter g, String x, int heads, int headDim, long... perm) {
        return g.transpose(g.reshape(x, 0, 0, heads, headDim), perm);
    }

    private static String scores(GraphWriter g, String q, String k, double scale, double softcap) {
        String s = g.mul(g.op("MatMul", q, k).to("scores"), g.f32(scale));
        if (softcap > 0) {
            String cap = g.f32(softcap);
            s = g.mul(g.op("Tanh", g.op("Div", s, cap).to("div")).to("tanh"), cap);
        }
        return s;
    }

    /** The key head of each query head. */
    private static String headOf(GraphWriter g, int heads, int kvHeads) {
        return g.i64s(LongStream.range(0, heads).map(h -> h * kvHeads / heads).toArray());
    }
}
