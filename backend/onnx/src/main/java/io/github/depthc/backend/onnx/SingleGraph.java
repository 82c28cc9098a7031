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
import io.github.depthc.ir.Slices;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModOverlap;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.CachePositions;
import io.github.depthc.ir.op.Weight;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A whole decoder as one graph for a builder of strongly typed engines: built-in operators alone, no conditionals, one sequence. There are two of
 * a model, since what a prompt and a step need of attention is not one operator: {@link #prompt} and {@link #step}.
 *
 * <p>Both take {@code input_ids} I64 {@code [tokens]} ({@code inputs_embeds [tokens, d]} in the row type) and give {@code logits} F32
 * {@code [1, vocab]} of the last token, and of each layer N with attention {@code present.N.key} and {@code present.N.value}
 * {@code [1, kvHeads, length, headDim]} in the row type; of an indexed cache {@code present.N.index} I64 {@code [length]} too.
 *
 * <p>A prompt begins its sequence. It takes {@code candidates} BOOL {@code [tokens]} where layers are routed, and for each of those
 * {@code keep.N} BOOL {@code [kept_N]}, whose size says how many tokens the layer keeps and whose values are not read; {@code kept.N} I64
 * {@code [kept_N]} says which.
 *
 * <p>A step takes one token, {@code position_ids} I64 {@code [1]}, its index in the sequence, and the caches of before as
 * {@code past_key_values.N.key}, {@code .value} and {@code .index}. It is not routed. {@code present.N} is all of the cache, a copy.
 *
 * <p>No dimension may be 0.
 */
public final class SingleGraph {
    private static final Dim TOKENS = Dim.of("tokens");
    private static final int TOKEN_AXIS = 2;

    private final Region graph;
    private final DType rowType;
    private final boolean step;
    private final GraphWriter g = new GraphWriter();
    private final WeightTable weights;
    private final EmitContext c;
    private final Memo memo = new Memo();
    private final List<ValueInfoProto> inputs = new ArrayList<>();
    private final List<ValueInfoProto> outputs = new ArrayList<>();
    private final Map<Value, Integer> caches = new IdentityHashMap<>();
    private final Set<Integer> attended = new HashSet<>();
    /** What the dimensions of the IR are called here. */
    private final Map<Dim, Dim> dims = new HashMap<>();

    private SingleGraph(Region graph, DType rowType, boolean step, WeightPlacement placement) {
        this.graph = graph;
        this.rowType = rowType;
        this.step = step;
        this.weights = new WeightTable(g, placement);
        this.c = new EmitContext(g, true, Optional.of(rowType), weights, new CacheTable(g));
        dims.put(Dim.TOKENS, step ? Dim.of(1) : TOKENS);
    }

    /**
     * The graph of a prompt.
     *
     * @param graph   a flat decoder, its routing explicit
     * @param rowType element type of matrices, keys and values: F32, BF16 or F16
     * @throws InputException for what cannot be one engine, with the layer and the attribute: a selection by threshold, an encoder
     */
    public static ModelProto prompt(Region graph, DType rowType, String producerVersion, WeightPlacement placement) {
        return new SingleGraph(graph, rowType, false, placement).write(producerVersion);
    }

    /** The graph of a decode step behind a prompt; arguments as of {@link #prompt}. */
    public static ModelProto step(Region graph, DType rowType, String producerVersion, WeightPlacement placement) {
        return new SingleGraph(DenseStep.of(graph), rowType, true, placement).write(producerVersion);
    }

    /** The input whose size says how many tokens a layer keeps. */
    public static String keep(int layer) {
        return "keep." + layer;
    }

    private ModelProto write(String producerVersion) {
        Set<Node> needed = Collections.newSetFromMap(new IdentityHashMap<>());
        graph.yields().forEach(v -> Slices.backward(v, needed));
        List<Node> nodes = graph.nodes().stream().filter(needed::contains).toList();
        Set<Value> used = Collections.newSetFromMap(new IdentityHashMap<>());
        nodes.forEach(n -> used.addAll(n.operands()));

        outputs.add(OnnxTypes.info(g.reserve(GraphNames.LOGITS), DType.F32, Dim.of(1), graph.yields().getFirst().tensor().dim(1)));
        graph.params().forEach(this::reserve);
        nodes.forEach(this::reserve);
        String tokens = step ? g.i64s(1) : g.size(tokens().name(), 0);
        var rows = new OneRow(g, tokens, step ? this::position : () -> g.range(tokens));
        graph.params().stream().filter(used::contains).forEach(p -> param(p, rows));

        OpEmitters emitters = OpEmitters.all();
        emitters.put(Attention.class, (node, context) -> attention(node));
        emitters.put(CachePositions.class, (node, context) -> cachePositions(node));
        emitters.put(ModSelect.class, (node, context) -> select(node));
        nodes.forEach(n -> emitters.of(n).emit(n, c));
        String logits = c.tensor(graph.yields().getFirst());
        if (!logits.equals(GraphNames.LOGITS)) {
            g.op("Identity", logits).outputs(GraphNames.LOGITS);
        }
        return ModelProto.newBuilder().setIrVersion(OnnxEmitter.IR_VERSION).setProducerName("depthc").setProducerVersion(producerVersion)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OnnxEmitter.OPSET)).setGraph(g.graph(step ? "step" : "prompt", inputs, outputs)).build();
    }

    /** The parameter that says how many tokens there are. */
    private Param tokens() {
        Param ids = graph.param(GraphNames.TOKEN_IDS);
        Param tokens = ids == null ? graph.param(GraphNames.INPUTS_EMBEDS) : ids;
        if (tokens == null) {
            throw new InputException("the graph has no parameter %" + GraphNames.TOKEN_IDS + " and no %" + GraphNames.INPUTS_EMBEDS + ", expected one, as a decoder has");
        }
        return tokens;
    }

    /** Takes the names that inputs and outputs have, before anything else can. */
    private void reserve(Param p) {
        if (p.type() instanceof CacheType) {
            int layer = CacheTable.layer(p);
            caches.put(p, layer);
            List.of(OnnxNames.pastKey(layer), OnnxNames.pastValue(layer), OnnxNames.pastIndex(layer), OnnxNames.presentKey(layer), OnnxNames.presentValue(layer),
                    OnnxNames.presentIndex(layer)).forEach(g::reserve);
        } else {
            g.reserve(p.name());
        }
    }

    private void reserve(Node node) {
        switch (node.kind()) {
            case ModSelect s -> {
                g.reserve(keep(s.index()));
                c.want(node.result(0), g.reserve(OnnxNames.kept(s.index())));
                dims.put(Dim.of(s.kept()), Dim.of("kept_" + s.index()));
            }
            case ModOverlap o -> throw new InputException("op '" + node.kind().mnemonic() + "' has a number of results that depends on what is computed, which one engine graph "
                    + "cannot have; leave hoist-gather out");
            default -> {
                if (graph.yields().getFirst() instanceof Result r && r.node() == node && !(node.kind() instanceof Weight)) {
                    c.want(r, GraphNames.LOGITS);
                }
            }
        }
    }

    private void param(Param p, OneRow rows) {
        switch (p.type()) {
            case RowsType t -> c.defineRows(p, rows);
            case CacheType t -> { }
            case TensorType t -> {
                switch (p.name()) {
                    case GraphNames.POSITIONS -> c.define(p, rows.sequenceIndex());
                    case GraphNames.LOGITS_AT -> c.define(p, g.sub(rows.tokenCount(), g.i64s(1)));
                    default -> {
                        boolean isMatrix = t.dtype() == DType.F32 && t.rank() > 1;
                        inputs.add(OnnxTypes.info(p.name(), isMatrix ? rowType : t.dtype(), t.shape().stream().map(this::dim).toList()));
                        c.define(p, isMatrix && c.narrow() ? c.widened(p.name()) : p.name());
                    }
                }
            }
        }
    }

    private Dim dim(Dim d) {
        return dims.getOrDefault(d, d);
    }

    /** The index of a step's token in its sequence, {@code [1]}. */
    private String position() {
        return memo.once(GraphNames.POSITIONS, () -> {
            inputs.add(OnnxTypes.info(GraphNames.POSITIONS, DType.I64, Dim.of(1)));
            return GraphNames.POSITIONS;
        });
    }

    private void select(Node node) {
        var select = (ModSelect) node.kind();
        Dim kept = dim(Dim.of(select.kept()));
        String keep = keep(select.index());
        inputs.add(OnnxTypes.info(keep, DType.BOOL, kept));
        String count = g.size(keep, 0);
        String indices = c.out(node);
        g.op("Identity", EngineSelection.write(node, c, count)).outputs(indices);
        outputs.add(OnnxTypes.info(indices, DType.I64, kept));
        RowsLayout of = c.rows(node, 0);
        c.defineRows(node.result(1), new OneRow(g, count, () -> g.gather(of.sequenceIndex(), indices, 0)));
    }

    private void attention(Node node) {
        var a = (Attention) node.kind();
        if (!a.causal() || node.operands().size() <= Attention.CACHE) {
            throw new InputException("attention %" + node.result(0).name() + " is an encoder's, which has no cache; one engine graph is of decoders; use an ONNX bundle");
        }
        int layer = layer(node.operand(Attention.CACHE));
        if (!attended.add(layer)) {
            throw new InputException("two attentions append to the cache of layer " + layer + ", expected one");
        }
        boolean indexed = ((CacheType) node.operand(Attention.CACHE).type()).indexed();
        var form = new EngineAttention(g, a, rowType);
        String q = form.heads(narrow(c.in(node, 0)), a.heads());
        String k = form.heads(narrow(c.in(node, 1)), a.kvHeads());
        String v = form.heads(narrow(c.in(node, 2)), a.kvHeads());
        RowsLayout queries = c.rows(node, Attention.QUERY_ROWS);
        RowsLayout keys = c.rows(node, Attention.QUERY_ROWS + 1);
        Dim length = step ? Dim.of("present_" + layer) : dim(node.operand(1).tensor().dim(0));
        String key = present(OnnxNames.presentKey(layer), a, length, step ? extended(past(a, layer).getFirst(), k, TOKEN_AXIS) : k);
        String value = present(OnnxNames.presentValue(layer), a, length, step ? extended(past(a, layer).getLast(), v, TOKEN_AXIS) : v);
        String index = keys.sequenceIndex();
        if (indexed) {
            g.op("Identity", step ? extended(pastIndex(layer), index, 0) : index).outputs(OnnxNames.presentIndex(layer));
            outputs.add(OnnxTypes.info(OnnxNames.presentIndex(layer), DType.I64, length));
            index = OnnxNames.presentIndex(layer);
        } else if (step) {
            index = memo.once("places " + layer, () -> g.range(g.size(key, TOKEN_AXIS)));
        }
        boolean inOrder = queries == keys && a.window() == 0;
        String y;
        if (inOrder) {
            y = step ? form.all(q, key, value) : form.inOrder(q, key, value, () -> seen(form, a, queries.sequenceIndex(), keys.sequenceIndex()));
        } else {
            y = form.masked(q, key, value, seen(form, a, queries.sequenceIndex(), index));
        }
        String out = c.out(node);
        if (c.narrow()) {
            g.op("Identity", c.widened(form.rows(y).to("attended"))).outputs(out);
        } else {
            form.rows(y).outputs(out);
        }
    }

    /** Layers share masks. */
    private String seen(EngineAttention form, Attention a, String query, String key) {
        return memo.once("seen " + query + " " + key + " " + a.window(), () -> form.seen(query, key, DType.I64));
    }

    private String narrow(String x) {
        return c.narrow() ? c.narrowed(x) : x;
    }

    private String extended(String past, String entries, int axis) {
        return g.op("Concat", past, entries).with("axis", axis).to("extended");
    }

    private String present(String name, Attention a, Dim length, String entries) {
        g.op("Identity", entries).outputs(name);
        outputs.add(OnnxTypes.info(name, rowType, Dim.of(1), Dim.of(a.kvHeads()), length, Dim.of(a.headDim())));
        return name;
    }

    /** Keys and values of before, which become inputs. */
    private List<String> past(Attention a, int layer) {
        List<String> names = List.of(OnnxNames.pastKey(layer), OnnxNames.pastValue(layer));
        for (String name : names) {
            memo.once(name, () -> {
                inputs.add(OnnxTypes.info(name, rowType, Dim.of(1), Dim.of(a.kvHeads()), past(layer), Dim.of(a.headDim())));
                return name;
            });
        }
        return names;
    }

    private String pastIndex(int layer) {
        inputs.add(OnnxTypes.info(OnnxNames.pastIndex(layer), DType.I64, past(layer)));
        return OnnxNames.pastIndex(layer);
    }

    private static Dim past(int layer) {
        return Dim.of("past_" + layer);
    }

    private int layer(Value cache) {
        Integer layer = caches.get(cache);
        if (layer == null) {
            throw new InputException("the cache %" + cache.name() + " has been appended to, and is read again; expected a cache parameter");
        }
        return layer;
    }

    private void cachePositions(Node node) {
        // The attention that reads this cache makes it an input; a layer without one has an empty cache, and one position.
        String places = step && node.operands().size() > 1 && isRead(node.operand(1)) ? g.size(OnnxNames.pastKey(layer(node.operand(1))), TOKEN_AXIS)
                : c.rows(node, 0).indexInRow();
        g.op("Identity", places).outputs(c.out(node));
    }

    private boolean isRead(Value cache) {
        return graph.nodes().stream().anyMatch(n -> n.kind() instanceof Attention && n.operands().contains(cache));
    }
}
