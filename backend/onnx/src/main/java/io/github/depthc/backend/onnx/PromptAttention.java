// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.backend.onnx.proto.OperatorSetIdProto;
import io.github.depthc.backend.onnx.proto.ValueInfoProto;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.op.Attention;
import java.util.ArrayList;
import java.util.List;

/**
 * A graph of its own for the attention of a prompt, which is one row: no weights, no cache. Inputs {@code q [n, heads · headDim]}, {@code k} and
 * {@code v} {@code [m, kvHeads · headDim]}, and by index {@code query_index} I32 {@code [n]} and {@code key_index} I32 {@code [m]}; else n is m.
 * Output {@code out}, as q.
 *
 * <p>Without indices it is the standard operator with its causal flag, which builders have their best kernels for.
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
        var form = new EngineAttention(g, a, rowType);
        String q = form.heads("q", a.heads());
        String k = form.heads("k", a.kvHeads());
        String v = form.heads("v", a.kvHeads());
        String attended = byIndex ? form.masked(q, k, v, form.seen("query_index", "key_index", DType.I32))
                : form.inOrder(q, k, v, () -> form.seen(places("q"), places("k"), DType.I64));
        form.rows(attended).outputs(out);
        ModelProto.Builder model = ModelProto.newBuilder().setIrVersion(OnnxEmitter.IR_VERSION).setProducerName("depthc").setProducerVersion(producerVersion)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OnnxEmitter.OPSET));
        return model.setGraph(g.graph("attention", inputs,
                List.of(OnnxTypes.info(out, rowType, n, Dim.of((long) a.heads() * a.headDim()))))).build();
    }

    private String places(String x) {
        return g.range(g.size(x, 0));
    }
}
