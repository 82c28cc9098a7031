// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.backend.onnx.proto.OperatorSetIdProto;
import io.github.depthc.backend.onnx.proto.TensorProto.DataType;
import io.github.depthc.backend.onnx.proto.ValueInfoProto;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.op.Attention;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A graph of its own for the attention of a prompt, which is one row: no weights, no cache. Inputs {@code q [n, heads · headDim]}, {@code k} and
 * {@code v} {@code [m, kvHeads · headDim]}, and by index {@code query_index} I32 {@code [n]} and {@code key_index} I32 {@code [m]}; else n is m.
 * Output {@code out}, as q.
 *
 * <p>Without indices it is the standard operator with its causal flag, which builders have their best kernels for. With a soft cap, which
 * TensorRT's operator has not, it is spelled out, in F32.
 */
public final class PromptAttention {
    private final GraphWriter g = new GraphWriter();
    private final Attention a;
    private final boolean byIndex;
    private final DType rowType;

    private PromptAttention(Attention a, boolean byIndex, DType rowType) {
        this.a = a;
        this.byIndex = byIndex;
        this.rowType = rowType;
    }

    /**
     * The graph.
     *
     * @param byIndex whether indices say which key comes before which query; a window needs them
     * @param rowType element type of inputs and output
     */
    public static ModelProto emit(Attention a, boolean byIndex, DType rowType, String producerVersion) {
        if (!a.causal() || a.window() > 0 && !byIndex) {
            throw new IllegalArgumentException("no prompt's attention: " + a);
        }
        return new PromptAttention(a, byIndex, rowType).emit(producerVersion);
    }

    private ModelProto emit(String producerVersion) {
        Dim n = Dim.of("queries");
        Dim m = byIndex ? Dim.of("keys") : n;
        var inputs = new ArrayList<ValueInfoProto>();
        inputs.add(OnnxTypes.info(g.reserve("q"), rowType, n, Dim.of((long) a.heads() * a.headDim())));
        inputs.add(OnnxTypes.info(g.reserve("k"), rowType, m, Dim.of((long) a.kvHeads() * a.headDim())));
        inputs.add(OnnxTypes.info(g.reserve("v"), rowType, m, Dim.of((long) a.kvHeads() * a.headDim())));
        if (byIndex) {
            inputs.add(OnnxTypes.info(g.reserve("query_index"), DType.I32, n));
            inputs.add(OnnxTypes.info(g.reserve("key_index"), DType.I32, m));
        }
        String out = g.reserve("out");
        String q = heads("q", a.heads());
        String k = heads("k", a.kvHeads());
        String v = heads("v", a.kvHeads());
        String attended = a.softcap() > 0 ? spelledOut(q, k, v) : operator(q, k, v);
        g.op("Reshape", g.transpose(attended, 0, 2, 1, 3), g.i64s(-1, (long) a.heads() * a.headDim())).outputs(out);
        ModelProto.Builder model = ModelProto.newBuilder().setIrVersion(OnnxEmitter.IR_VERSION).setProducerName("depthc").setProducerVersion(producerVersion)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OnnxEmitter.OPSET));
        return model.setGraph(g.graph("attention", inputs,
                List.of(OnnxTypes.info(out, rowType, n, Dim.of((long) a.heads() * a.headDim()))))).build();
    }

    /** {@code [n, heads · headDim]} as {@code [1, heads, n, headDim]}. */
    private String heads(String x, int heads) {
        return g.transpose(g.reshape(x, 1, -1, heads, a.headDim()), 0, 2, 1, 3);
    }

    private String operator(String q, String k, String v) {
        GraphWriter.Call call = byIndex ? g.op("Attention", q, k, v, g.unsqueeze(seen(), 0, 1)) : g.op("Attention", q, k, v).with("is_causal", 1);
        return call.with("scale", (float) a.scale()).to("attended");
    }

    /** Which query sees which key, BOOL {@code [n, m]}. */
    private String seen() {
        String query = g.unsqueeze(byIndex ? "query_index" : places("q"), 1);
        String key = g.unsqueeze(byIndex ? "key_index" : places("k"), 0);
        String before = g.op("LessOrEqual", key, query).to("before");
        if (a.window() == 0) {
            return before;
        }
        String begin = g.sub(query, g.cast(g.i64(a.window()), DataType.INT32));
        return g.op("And", before, g.op("Greater", key, begin).to("in_window")).to("seen");
    }

    private String places(String x) {
        return g.range(g.size(x, 0));
    }

    private String spelledOut(String q, String k, String v) {
        String wideQ = wide(q);
        String scores = g.op("MatMul", wideQ, g.transpose(repeated(wide(k)), 0, 1, 3, 2)).to("scores");
        String cap = g.f32(a.softcap());
        String capped = g.mul(g.op("Tanh", g.op("Div", g.mul(scores, g.f32(a.scale())), cap).to("div")).to("tanh"), cap);
        String masked = g.where(seen(), capped, g.f32(Double.NEGATIVE_INFINITY));
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
