// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.backend.onnx.proto.TensorProto.DataType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.op.Attention;
import java.util.Collections;
import java.util.function.Supplier;

/**
 * Attention of one row in operators that engine builders take: the standard operator, 4-D and without a past. With a soft cap, which
 * TensorRT's operator has not, it is spelled out, in F32.
 */
final class EngineAttention {
    private final GraphWriter g;
    private final Attention a;
    private final DType rowType;

    /** @param rowType element type of queries, keys, values and the result */
    EngineAttention(GraphWriter g, Attention a, DType rowType) {
        this.g = g;
        this.a = a;
        this.rowType = rowType;
    }

    /** {@code [n, heads · headDim]} as {@code [1, heads, n, headDim]}. */
    String heads(String x, int heads) {
        return g.transpose(g.reshape(x, 1, -1, heads, a.headDim()), 0, 2, 1, 3);
    }

    /** The way back: {@code [n, heads · headDim]}. */
    GraphWriter.Call rows(String attended) {
        return g.op("Reshape", g.transpose(attended, 0, 2, 1, 3), g.i64s(-1, (long) a.heads() * a.headDim()));
    }

    /** Queries and keys that are the same tokens in their order; {@code seen} as in {@link #masked}, asked for where it must be written out. */
    String inOrder(String q, String k, String v, Supplier<String> seen) {
        return a.softcap() > 0 ? spelledOut(q, k, v, seen.get()) : scaled(g.op("Attention", q, k, v).with("is_causal", 1));
    }

    /** @param seen which query sees which key, BOOL {@code [n, m]} */
    String masked(String q, String k, String v, String seen) {
        return a.softcap() > 0 ? spelledOut(q, k, v, seen) : scaled(g.op("Attention", q, k, v, g.unsqueeze(seen, 0, 1)));
    }

    /** Every query sees every key. */
    String all(String q, String k, String v) {
        return a.softcap() > 0 ? spelledOut(q, k, v, "") : scaled(g.op("Attention", q, k, v));
    }

    private String scaled(GraphWriter.Call call) {
        return call.with("scale", (float) a.scale()).to("attended");
    }

    /**
     * Which query sees which key, BOOL {@code [n, m]}, by their indices in the sequence.
     *
     * @param query {@code [n]}
     * @param key   {@code [m]}
     * @param index element type of both: I32 or I64
     */
    String seen(String query, String key, DType index) {
        String row = g.unsqueeze(query, 1);
        String column = g.unsqueeze(key, 0);
        String before = g.op("LessOrEqual", column, row).to("before");
        if (a.window() == 0) {
            return before;
        }
        String window = index == DType.I64 ? g.i64(a.window()) : g.cast(g.i64(a.window()), OnnxTypes.of(index));
        return g.op("And", before, g.op("Greater", column, g.sub(row, window)).to("in_window")).to("seen");
    }

    private String spelledOut(String q, String k, String v, String seen) {
        String scores = g.op("MatMul", wide(q), g.transpose(repeated(wide(k)), 0, 1, 3, 2)).to("scores");
        String cap = g.f32(a.softcap());
        String capped = g.mul(g.op("Tanh", g.op("Div", g.mul(scores, g.f32(a.scale())), cap).to("div")).to("tanh"), cap);
        String masked = seen.isEmpty() ? capped : g.where(seen, capped, g.f32(Double.NEGATIVE_INFINITY));
        String p = g.op("Softmax", masked).with("axis", -1).to("probabilities");
        String y = g.op("MatMul", p, repeated(wide(v))).to("attended");
        return rowType == DType.F32 ? y : g.cast(y, OnnxTypes.of(rowType));
    }

    private String wide(String x) {
        return rowType == DType.F32 ? x : g.cast(x, DataType.FLOAT);
    }

    /** Each key or value head as often as query heads share it. */
    private String repeated(String x) {
        int group = a.heads() / a.kvHeads();
        if (group == 1) {
            return x;
        }
        String one = g.unsqueeze(x, 2);
        String many = g.op("Concat", Collections.nCopies(group, one).toArray(String[]::new)).with("axis", 2).to("repeated");
        return g.reshape(many, 1, a.heads(), -1, a.headDim());
    }
}
