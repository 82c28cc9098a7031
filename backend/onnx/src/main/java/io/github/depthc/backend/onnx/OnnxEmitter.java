// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.backend.onnx.proto.OperatorSetIdProto;
import io.github.depthc.backend.onnx.proto.ValueInfoProto;
import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Weight;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Writes flat graphs as ONNX models.
 *
 * <p>A graph with cache parameters is a decoder. Its first tensor yield is {@code logits}, others are {@code out.i} (i being
 * the place among all yields), and every cache must be yielded. Inputs: each tensor parameter that is used, by its name;
 * {@code row_lengths} and, where it is used, {@code row_starts} for the rows parameter; {@code cache_lengths}; and the past
 * of every layer that attends. A graph without caches has its yields as {@code out.0}, {@code out.1}, …. The same graph,
 * options and placement give the same bytes.
 */
public final class OnnxEmitter {
    /** Old enough for all runtimes of interest, new enough for every operator used. */
    static final long IR_VERSION = 10;
    /** The first with RMSNormalization, RotaryEmbedding and Attention. */
    static final long OPSET = 23;

    private final Region graph;
    private final GraphWriter g = new GraphWriter();
    private final WeightTable weights;
    private final CacheTable caches = new CacheTable(g);
    private final EmitContext context;
    private final Optional<EngineForm> engine;
    private final List<ValueInfoProto> inputs = new ArrayList<>();
    private final List<ValueInfoProto> outputs = new ArrayList<>();
    private Param rows;
    private boolean startsUsed;

    private OnnxEmitter(Region graph, EmitOptions options, WeightPlacement placement) {
        this.graph = graph;
        this.weights = new WeightTable(g, placement);
        this.engine = options.engine();
        this.context = new EmitContext(g, options.portable(), engine.map(EngineForm::rowType), weights, caches);
    }

    /**
     * The ONNX form of a flat graph.
     *
     * @throws InputException for an op kind that has no ONNX form, and for graphs whose parameters are not as described above
     */
    public static Emission emit(Region graph, EmitOptions options, WeightPlacement placement) {
        return new OnnxEmitter(graph, options, placement).emit(options);
    }

    private Emission emit(EmitOptions options) {
        graph.params().forEach(this::param);
        List<String> names = nameYields(options);
        OpEmitters emitters = OpEmitters.all();
        for (Node node : graph.nodes()) {
            emitters.of(node).emit(node, context);
        }
        for (int i = 0; i < names.size(); i++) {
            if (names.get(i) != null) {
                output(graph.yields().get(i), names.get(i));
            }
        }
        if (caches.any()) {
            caches.finish(GraphNames.ROW_LENGTHS);
        }
        ModelProto.Builder model = ModelProto.newBuilder().setIrVersion(IR_VERSION).setProducerName("depthc")
                .setProducerVersion(options.producerVersion()).addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPSET));
        if (g.usesMicrosoft()) {
            model.addOpsetImport(OperatorSetIdProto.newBuilder().setDomain(GraphWriter.MICROSOFT).setVersion(1));
        }
        model.setGraph(g.graph(caches.any() ? "decoder" : "graph", allInputs(), allOutputs()));
        return new Emission(model.build(), caches.emitted(), weights.emitted());
    }

    private void param(Param p) {
        switch (p.type()) {
            case TensorType t -> {
                if (t.dtype() == DType.F16 || t.dtype() == DType.BF16) {
                    throw new InputException("the parameter %" + p.name() + " has type " + t
                            + "; the CPU computes in f32 only, so inputs of 16-bit floating point are not supported");
                }
                String name = g.reserve(p.name());
                context.define(p, held(p) == DType.F32 || t.dtype() != DType.F32 ? name : context.widened(name));
            }
            case RowsType r -> {
                if (rows != null) {
                    throw new InputException("the graph has the rows parameters %" + rows.name() + " and %" + p.name() + ", expected one");
                }
                rows = p;
                g.reserve(GraphNames.ROW_LENGTHS);
                g.reserve(GraphNames.ROW_STARTS);
                context.defineRows(p, RowsLayout.ofInput(g, GraphNames.ROW_LENGTHS, this::starts));
            }
            case CacheType t -> caches.add(p);
        }
    }

    private String starts() {
        startsUsed = true;
        return GraphNames.ROW_STARTS;
    }

    /** The output name of each yield, null for caches; nodes are asked to give their results these names. */
    private List<String> nameYields(EmitOptions options) {
        if (caches.any() && rows == null) {
            throw new InputException("the graph has caches but no rows parameter");
        }
        var names = new ArrayList<String>();
        Set<Value> named = Collections.newSetFromMap(new IdentityHashMap<>());
        boolean first = caches.any();
        int cacheYields = 0;
        for (Value v : graph.yields()) {
            switch (v.type()) {
                case RowsType t -> throw new InputException("the graph yields %" + v.name() + " of type " + t + ", expected tensors and caches");
                case CacheType t -> {
                    names.add(null);
                    cacheYields++;
                }
                case TensorType t -> {
                    String name = g.reserve(first ? GraphNames.LOGITS : options.output(names.size()));
                    first = false;
                    names.add(name);
                    if (v instanceof Result r && !(r.node().kind() instanceof Weight) && held(v) == t.dtype() && named.add(v)) {
                        context.want(r, name);
                    }
                }
            }
        }
        long cacheParams = graph.params().stream().filter(p -> p.type() instanceof CacheType).count();
        if (cacheYields != cacheParams) {
            throw new InputException("the graph has " + cacheParams + " caches and yields " + cacheYields + ", expected all of them");
        }
        return names;
    }

    private void output(Value v, String name) {
        TensorType t = v.tensor();
        String value = held(v) == DType.F32 || !t.dtype().isFloat() ? context.tensor(v) : context.narrowed(context.tensor(v));
        if (!value.equals(name)) {
            g.op("Identity", value).outputs(name);
        }
        outputs.add(OnnxTypes.info(name, held(v), t.shape()));
    }

    /** The element type that a parameter or a yield has in ONNX. */
    private DType held(Value v) {
        DType type = v.tensor().dtype();
        return !type.isFloat() ? type : engine.map(e -> e.ofFloats(v)).orElse(DType.F32);
    }

    private List<ValueInfoProto> allInputs() {
        Set<Value> used = Collections.newSetFromMap(new IdentityHashMap<>());
        graph.nodes().forEach(n -> used.addAll(n.operands()));
        used.addAll(graph.yields());
        boolean cachesDone = false;
        for (Param p : graph.params()) {
            switch (p.type()) {
                case TensorType t -> {
                    if (used.contains(p)) {
                        inputs.add(OnnxTypes.info(p.name(), held(p), t.shape()));
                    }
                }
                case RowsType t -> {
                    inputs.add(OnnxTypes.info(GraphNames.ROW_LENGTHS, DType.I64, Dim.of("rows")));
                    if (startsUsed) {
                        inputs.add(OnnxTypes.info(GraphNames.ROW_STARTS, DType.I64, Dim.of("rows")));
                    }
                }
                case CacheType t -> {
                    if (!cachesDone) {
                        inputs.addAll(caches.inputs());
                        cachesDone = true;
                    }
                }
            }
        }
        return inputs;
    }

    private List<ValueInfoProto> allOutputs() {
        if (caches.any()) {
            outputs.addAll(caches.outputs());
        }
        return outputs;
    }
}
