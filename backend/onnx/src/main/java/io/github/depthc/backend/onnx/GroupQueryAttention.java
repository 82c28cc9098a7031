// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.backend.onnx.proto.TensorProto.DataType;
import io.github.depthc.ir.op.Attention;
import java.util.ArrayList;
import java.util.List;

/**
 * Attention by ONNX Runtime's own GroupQueryAttention: about half the time of the standard operator in long prompts, and it
 * writes new keys and values into the cache's own buffer. Rows are padded on the right; the kernel takes each row's true
 * length. It is used without its rotary embedding, whose positions it ignores in prompts.
 */
final class GroupQueryAttention {
    /** The kernel refuses other head sizes. */
    private static final int HEAD_MULTIPLE = 8;
    /**
     * Prompts are padded to a multiple of this: a single column left over in the product of queries and keys is computed by
     * another kernel, whose last bit may differ from that of a wider batch.
     */
    private static final int PROMPT_MULTIPLE = 16;

    private final EmitAttention.Operands o;
    private final EmitContext c;

    GroupQueryAttention(EmitAttention.Operands o, EmitContext c) {
        this.o = o;
        this.c = c;
    }

    /**
     * True if the kernel computes this: it is causal, and its window counts slots. Queries that are some of the new tokens only stand at their
     * rows' first places, which is right where a row has one new token, or where all are queries.
     */
    static boolean can(EmitAttention.Operands o) {
        return o.kind().causal() && (o.self() || o.cache() != null) && o.kind().headDim() % HEAD_MULTIPLE == 0 && (o.cache() == null || !o.cache().indexed())
                && (o.kind().window() == 0 || o.slotIsIndex());
    }

    /** Writes the nodes; the outputs are the result and, with a cache, the present keys and values. */
    void write(GraphWriter g, List<String> outputs) {
        Attention a = o.kind();
        RowsLayout.Padding pad = o.keys().paddedPrompt(PROMPT_MULTIPLE);
        RowsLayout.Padding queryPad = o.self() ? pad : o.queries().paddedTo(pad.width());
        String q = o.self() ? g.gather(o.q(), pad.tokens(), 0) : g.gather(withOneMore(g), queryPad.tokensAndOneMore(), 0);
        String k = g.gather(o.k(), pad.tokens(), 0);
        String v = g.gather(o.v(), pad.tokens(), 0);
        String y = g.unique("attended");
        GraphWriter.Call call;
        if (o.cache() == null) {
            call = g.microsoft("GroupQueryAttention", q, k, v, "", "", lastPlaces(pad), g.cast(g.squeeze(pad.width(), 0), DataType.INT32));
        } else {
            call = g.microsoft("GroupQueryAttention", q, k, v, o.cache().pastKey(), o.cache().pastValue(),
                    c.caches().lastSlots(o.cache(), o.keys()), totalLength(g, pad));
        }
        call.with("num_heads", a.heads()).with("kv_num_heads", a.kvHeads()).with("scale", (float) a.scale());
        if (a.softcap() > 0) {
            call.with("softcap", (float) a.softcap());
        }
        if (a.window() > 0) {
            call.with("local_window_size", a.window());
        }
        var names = new ArrayList<>(outputs);
        names.set(0, y);
        call.outputs(names.toArray(String[]::new));
        g.op("Gather", g.reshape(y, -1, (long) a.heads() * a.headDim()), queryPad.places()).with("axis", 0).outputs(outputs.getFirst());
    }

    /** The queries and a query of zeros, which stands for rows that have none: the kernel wants one for each new key. */
    private String withOneMore(GraphWriter g) {
        int width = o.kind().heads() * o.kind().headDim();
        return g.op("Concat", o.q(), g.f32s(new float[width], 1, width)).with("axis", 0).to("queries");
    }

    /** The width in a first prompt, by which the kernel knows it; the longest row with its cache elsewhere. */
    private String totalLength(GraphWriter g, RowsLayout.Padding pad) {
        String longest = c.caches().longest(o.cache(), o.keys());
        return g.op("Max", longest, g.cast(g.squeeze(pad.width(), 0), DataType.INT32)).to("total_length");
    }

    private String lastPlaces(RowsLayout.Padding pad) {
        RowsLayout rows = o.keys();
        GraphWriter g = c.g();
        return rows.once("lastPlaces", () -> g.cast(g.op("Max", g.sub(rows.counts(), g.i64(1)), g.i64(0)).to("last"), DataType.INT32));
    }
}
