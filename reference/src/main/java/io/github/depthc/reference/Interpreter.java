// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.reference;

import io.github.depthc.ir.Lowerable;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModCombine;
import io.github.depthc.ir.mod.ModGate;
import io.github.depthc.ir.mod.ModGather;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.ModOverlap;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.op.AddRmsNorm;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionProbs;
import io.github.depthc.ir.op.AttentionReceived;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.CachePositions;
import io.github.depthc.ir.op.Constant;
import io.github.depthc.ir.op.DropFirst;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.GatherRows;
import io.github.depthc.ir.op.ImageAttention;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.LayerNorm;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.PatchEmbed;
import io.github.depthc.ir.op.RmsNorm;
import io.github.depthc.ir.op.Rotary;
import io.github.depthc.ir.op.RotaryTable;
import io.github.depthc.ir.op.SliceLast;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightReader;
import io.github.depthc.ir.weight.WeightStore;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What ops mean, computed node by node; those of plug-ins by their lowering. Layers and Mixture-of-Depths layers are computed by their definitions and not
 * by lowering them, so that a lowering can be compared with it too.
 */
public final class Interpreter {
    private final Map<Value, Object> values = new IdentityHashMap<>();
    private final WeightStore store;
    private final SelectionListener listener;
    private final Precision precision;
    private final Replacement replacement;

    /** In what results are kept. */
    public enum Precision {
        /** As they were computed. */
        F64,
        /** Rounded to F32 behind every node, which shows how much a model makes of rounding. */
        F32
    }

    /** Computes some nodes of a region in another way; null leaves a node as it is. */
    @FunctionalInterface
    interface Replacement {
        Replacement NONE = (node, it) -> null;

        Object[] eval(Node node, Interpreter it);
    }

    private Interpreter(WeightStore store, SelectionListener listener, Precision precision, Replacement replacement) {
        this.store = store;
        this.listener = listener;
        this.precision = precision;
        this.replacement = replacement;
    }

    /** The yields of a region with inline weights, given a {@link Tensor}, {@link Rows} or {@link Cache} for each parameter, by name. */
    public static List<Object> run(Region graph, Map<String, ?> inputs) {
        return run(graph, WeightStore.EMPTY, inputs, SelectionListener.NONE, Precision.F64);
    }

    /**
     * The yields of a region.
     *
     * @param inputs   a {@link Tensor}, {@link Rows} or {@link Cache} for each parameter that is used, by name
     * @param listener told of each selection, in order
     */
    public static List<Object> run(Region graph, WeightStore weights, Map<String, ?> inputs, SelectionListener listener, Precision precision) {
        var it = new Interpreter(weights, listener, precision, Replacement.NONE);
        for (Param p : graph.params()) {
            it.values.put(p, inputs.get(p.name()));
        }
        it.run(graph);
        return graph.yields().stream().map(it.values::get).toList();
    }

    /** Another one for a region within this, whose parameters have these values. */
    Interpreter inner(Region region, List<?> arguments, Replacement other) {
        var it = new Interpreter(store, listener, precision, other);
        for (int i = 0; i < region.params().size(); i++) {
            it.values.put(region.param(i), arguments.get(i));
        }
        it.run(region);
        return it;
    }

    private void run(Region region) {
        for (Node node : region.nodes()) {
            Object[] results = replacement.eval(node, this);
            if (results == null) {
                results = eval(node);
            }
            for (int i = 0; i < results.length; i++) {
                values.put(node.result(i), precision == Precision.F32 && results[i] instanceof Tensor t ? t.rounded() : results[i]);
            }
        }
    }

    Object get(Value value) {
        return values.get(value);
    }

    Tensor tensor(Value value) {
        return (Tensor) values.get(value);
    }

    private Tensor t(Node node, int i) {
        return tensor(node.operand(i));
    }

    private Rows rows(Node node, int i) {
        return (Rows) get(node.operand(i));
    }

    private Cache cache(Node node, int i) {
        return node.operands().size() > i ? (Cache) get(node.operand(i)) : null;
    }

    private Object[] eval(Node node) {
        return switch (node.kind()) {
            case Weight w -> one(weight(w.expr()));
            case Constant k -> one(new Tensor(new double[] {(float) k.value()}));
            case Embedding k -> one(Math64.gather(t(node, 1), t(node, 0)));
            case GatherRows k -> one(get(node.operand(0)) instanceof Rows r ? r.subset(indices(t(node, 1))) : Math64.gather(t(node, 0), t(node, 1)));
            case ModGather k -> one(Math64.gather(t(node, 0), t(node, 1)));
            case Linear k -> one(Math64.linear(t(node, 0), t(node, 1), node.operands().size() == 3 ? t(node, 2) : null));
            case RmsNorm k -> one(Math64.norm(t(node, 0), t(node, 1), k.epsilon(), k.unitOffset(), k.groups()));
            case LayerNorm k -> one(Math64.layerNorm(t(node, 0), t(node, 1), t(node, 2), k.epsilon()));
            case AddRmsNorm k -> {
                Tensor sum = Math64.zip(t(node, 0), t(node, 1), Double::sum);
                yield new Object[] {sum, Math64.norm(sum, t(node, 2), k.epsilon(), k.unitOffset(), 1)};
            }
            case RotaryTable k -> Math64.table(k, t(node, 0), rows(node, 1));
            case Rotary k -> one(Math64.rotary(t(node, 0), t(node, 1), t(node, 2), k.heads()));
            case Attention k -> Attending.attention(k, t(node, 0), t(node, 1), t(node, 2), rows(node, 3), rows(node, 4), cache(node, 5));
            case AttentionProbs k -> one(Attending.probs(k, t(node, 0), t(node, 1), rows(node, 2)));
            case AttentionReceived k -> one(Attending.received(k, t(node, 0), t(node, 1), rows(node, 2)));
            case CachePositions k -> one(cachePositions(rows(node, 0), cache(node, 1)));
            case Unary.Softmax k -> one(Math64.softmax(t(node, 0)));
            case Unary k -> one(Math64.map(t(node, 0), k));
            case Binary.Sub k -> one(Math64.zip(t(node, 0), t(node, 1), (a, b) -> a - b));
            case Binary.Mul k -> one(Math64.zip(t(node, 0), t(node, 1), (a, b) -> a * b));
            case Binary k -> one(Math64.zip(t(node, 0), t(node, 1), Double::sum));
            case SliceLast k -> one(Math64.slice(t(node, 0), (int) k.begin(), (int) k.end()));
            case PatchEmbed k -> one(Images.embed(t(node, 0), t(node, 1), t(node, 2), t(node, 3)));
            case ImageAttention k -> one(Images.attention(k, t(node, 0), t(node, 1), t(node, 2)));
            case DropFirst k -> one(Images.dropFirst(k, t(node, 0)));
            case ModScore k -> one(Choosing.score(k.score(), t(node, 0), t(node, 1), node.operands().size() == 3 ? t(node, 2) : null));
            case ModGate k -> one(Choosing.gate(k.gate(), t(node, 0), t(node, 1), rows(node, 2)));
            case ModSelect k -> {
                int[] kept = select(k, rows(node, 0), t(node, 1), node.operands().size() == 3 ? t(node, 2) : null);
                yield new Object[] {Tensor.vector(IntStream.of(kept).asDoubleStream().toArray()), rows(node, 0).subset(kept)};
            }
            case ModOverlap k -> overlap(indices(t(node, 1)), indices(t(node, ModOverlap.WANTED)));
            case ModCombine k -> one(combine(t(node, 0), indices(t(node, 1)), t(node, 2)));
            case Layer k -> {
                Region body = node.region();
                Interpreter it = inner(body, node.operands().stream().map(this::get).toList(), Replacement.NONE);
                yield body.yields().stream().map(it::get).toArray();
            }
            case ModLayer k -> new RoutedLayer(this, node, k).eval();
            case Lowerable k -> lowered(node, k);
            default -> throw new IllegalArgumentException("no reference for " + node.kind().mnemonic());
        };
    }

    /** Other kinds are what their lowering says. */
    private Object[] lowered(Node node, Lowerable kind) {
        var b = new RegionBuilder();
        List<Value> params = IntStream.range(0, node.operands().size()).<Value>mapToObj(i -> b.param("p" + i, node.operand(i).type())).toList();
        Region body = b.build(kind.lower(node, params, b));
        Interpreter it = inner(body, node.operands().stream().map(this::get).toList(), Replacement.NONE);
        return body.yields().stream().map(it::get).toArray();
    }

    private static int[] indices(Tensor t) {
        return Arrays.stream(t.data()).mapToInt(i -> (int) i).toArray();
    }

    private static Object[] one(Object value) {
        return new Object[] {value};
    }

    private Tensor weight(WeightExpr expr) {
        float[] values = WeightReader.floats(expr, store);
        double[] data = new double[values.length];
        Arrays.setAll(data, i -> values[i]);
        return new Tensor(data, Arrays.stream(expr.type().fixedShape()).mapToInt(Math::toIntExact).toArray());
    }

    /** The choice of a layer; tells the listener. */
    int[] select(ModSelect kind, Rows rows, Tensor candidates, Tensor key) {
        int[] kept = Choosing.select(kind.selection(), kind.index(), rows, candidates, key);
        listener.selected(kind.index(), kind.selection(), rows, candidates, key, kept);
        return kept;
    }

    private static Object[] overlap(int[] kept, int[] wanted) {
        int[] places = IntStream.range(0, wanted.length).filter(i -> Arrays.binarySearch(kept, wanted[i]) >= 0).toArray();
        return new Object[] {Tensor.vector(IntStream.of(places).mapToDouble(i -> Arrays.binarySearch(kept, wanted[i])).toArray()),
            Tensor.vector(IntStream.of(places).asDoubleStream().toArray())};
    }

    /** The kept tokens' values put among those of the skipped ones. */
    static Tensor combine(Tensor skipped, int[] indices, Tensor kept) {
        double[] out = skipped.data().clone();
        int w = skipped.width();
        for (int i = 0; i < indices.length; i++) {
            System.arraycopy(kept.data(), i * w, out, indices[i] * w, w);
        }
        return new Tensor(out, skipped.shape());
    }

    static Tensor cachePositions(Rows rows, Cache cache) {
        double[] out = new double[rows.rowOf().length];
        for (int r = 0; r < rows.count(); r++) {
            int next = cache == null ? 0 : cache.lengths()[r];
            for (int t : rows.tokensOf(r)) {
                out[t] = next++;
            }
        }
        return Tensor.vector(out);
    }
}
