// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.mod;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.Slices;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionReceived;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.CachePositions;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.RotaryTable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Lowers one routed layer. A value of the layer's body can be wanted in two forms: over all tokens (scores, keys and
 * values that are kept) and over the kept tokens. Each form of a node is made when first asked for and once.
 */
final class RoutedLayer {
    private final RegionBuilder b;
    private final List<Value> operands;
    private final Routing routing;
    private final int index;
    private final ModLayer kind;
    private final Region body;
    /** The body's values over all tokens, and over the kept ones. */
    private final Map<Value, Value> full = new IdentityHashMap<>();
    private final Map<Value, Value> kept = new IdentityHashMap<>();
    /** The residual stream over the kept tokens with every branch gated, beside the dense one that the branches read. */
    private final Map<Value, Value> gatedStream = new IdentityHashMap<>();
    /** Body nodes computed over all tokens and gathered, rather than computed over the kept tokens. */
    private final Set<Node> overAll = Collections.newSetFromMap(new IdentityHashMap<>());
    /** What skipped tokens skip. */
    private final LayerPart part;

    RoutedLayer(RegionBuilder b, ModLayer kind, Region body, List<Value> operands) {
        this.b = b;
        this.operands = operands;
        this.kind = kind;
        this.routing = kind.routing();
        this.index = kind.index();
        this.body = body;
        if (routing.kv() == Routing.SkippedKv.KEEP && routing.positions() == Routing.Positions.RENUMBERED) {
            throw new InputException("layer " + index + ": skipped tokens' keys and values cannot be kept with renumbered positions");
        }
        part = LayerPart.of(body, routing.part(), index);
    }

    /** Adds the nodes; gives the new hidden states and cache. */
    List<Value> emit() {
        Value rows = outer(Layer.ROWS);
        Value candidates = outer(ModLayer.CANDIDATES);
        for (int i = 0; i < Layer.OPERANDS; i++) {
            full.put(body.param(i), outer(i));
        }
        boolean gated = !(routing.gate() instanceof Routing.Gate.One);
        Value score = score(outer(Layer.HIDDEN));
        Value gate = gated ? b.add("gate", new ModGate(routing.gate()), score, candidates, rows) : null;

        var select = new ModSelect(routing.selection(), index, "kept." + index);
        Value key = gated && (routing.selection() instanceof Routing.Selection.TopK || routing.selection() instanceof Routing.Selection.RecentTopK) ? gate : score;
        Node selected = routing.selection().needsScore()
                ? b.node("kept", select, List.of(rows, candidates, key), List.of(), "kept_rows")
                : b.node("kept", select, List.of(rows, candidates), List.of(), "kept_rows");
        Value indices = selected.result(0);
        Value keptRows = selected.result(1);

        Value x = overAll(part.before());
        kept.put(part.before(), b.add("x_kept", new ModGather(), x, indices));
        kept.put(body.param(Layer.ROWS), keptRows);
        kept.put(body.param(Layer.CACHE), outer(Layer.CACHE));
        if (routing.positions() == Routing.Positions.RENUMBERED) {
            kept.put(body.param(Layer.POSITIONS), b.add("positions", new CachePositions(), keptRows, outer(Layer.CACHE)));
        }
        Value keptGate = gated ? b.add("gate_kept", new ModGather(), gate, indices) : null;

        chooseOverAll();
        boolean mlpGated = false;
        for (Node inner : skippable()) {
            if (inner.kind() instanceof Attention && routing.kv() == Routing.SkippedKv.KEEP) {
                attentionToAll(inner, indices);
            } else if (inner.kind() instanceof Binary.Residual r && gated && routing.placement() == Routing.Placement.BLOCK) {
                copy(inner, v -> kept(v, indices), kept);
                Value stream = gatedStream.getOrDefault(inner.operand(0), kept(inner.operand(0), indices));
                gatedStream.put(inner.result(0), addGated("gated_" + inner.result(0).name(), r, stream, kept(inner.operand(1), indices), keptGate));
            } else if (inner.kind() instanceof Binary.Residual r && gated && r.branch() == Binary.Branch.MLP) {
                mlpGated = true;
                kept.put(inner.result(0), addGated(inner.result(0).name(), r, kept(inner.operand(0), indices), kept(inner.operand(1), indices), keptGate));
            } else {
                copy(inner, v -> kept(v, indices), kept);
            }
        }
        if (gated && routing.placement() == Routing.Placement.MLP && !mlpGated) {
            throw new InputException("layer " + index + " has no residual addition of an MLP branch, which its gate needs");
        }
        Value y = gated && routing.placement() == Routing.Placement.BLOCK ? gatedPart() : kept(part.behind(), indices);
        full.put(part.behind(), b.add("combined", new ModCombine(), skipped(x, gate), indices, y));
        return List.of(overAll(body.yields().getFirst()), kept(body.yields().get(1), indices));
    }

    /** The nodes that are computed over the kept tokens alone. */
    private List<Node> skippable() {
        if (routing.part() != Routing.Part.ATTENTION) {
            return body.nodes().stream().filter(n -> !overAll.contains(n)).toList();
        }
        Set<Node> attention = Collections.newSetFromMap(new IdentityHashMap<>());
        Slices.backward(part.behind(), attention);
        return body.nodes().stream().filter(n -> attention.contains(n) && !overAll.contains(n)).toList();
    }

    private Value addGated(String name, Binary.Residual residual, Value stream, Value branch, Value gate) {
        return b.add(name, residual, stream, b.add("gated", new Binary.Mul(), branch, gate));
    }

    /**
     * {@code x + g · (part(x) − x)}, as the sum of x and every gated branch: a gate of exactly one gives the dense layer's
     * very bits.
     */
    private Value gatedPart() {
        Value y = gatedStream.get(part.behind());
        if (y == null) {
            throw new InputException("layer " + index + " does not end in a residual addition, which a gate on the whole block needs");
        }
        return y;
    }

    private Value score(Value x) {
        int w = kind.weightsAt();
        return switch (routing.score()) {
            case Routing.Score.None s -> null;
            case Routing.Score.Linear(boolean bias) -> bias
                    ? b.add("score", new ModScore(routing.score()), x, outer(w), outer(w + 1))
                    : b.add("score", new ModScore(routing.score()), x, outer(w));
            case Routing.Score.SharedLinear s -> b.add("score", new ModScore(s), overAll(norm(LayerPart.of(body, Routing.Part.LAYER, index))), outer(w));
            case Routing.Score.Given s -> outer(ModLayer.SCORE);
            case Routing.Score.AttentionReceived(int observers) -> {
                Node attention = attention();
                var a = (Attention) attention.kind();
                yield b.add("score", new AttentionReceived(a.heads(), a.kvHeads(), a.headDim(), a.scale(), a.softcap(), observers, a.causal()),
                        overAll(attention.operand(0)), overAll(attention.operand(1)), outer(Layer.ROWS));
            }
        };
    }

    /** What every token is when it is skipped. */
    private Value skipped(Value x, Value gate) {
        return switch (routing.skip()) {
            case Routing.SkipPath.Identity s -> x;
            case Routing.SkipPath.Gated s -> gate == null ? x : b.add("skipped", new Binary.Mul(), x, gate);
            case Routing.SkipPath.Linear s -> {
                int w = operands.size() - ModLayer.SKIP_WEIGHTS;
                Value down = b.add("skip_down", new Linear(), overAll(norm(part)), outer(w));
                Value up = b.add("skip_up", new Linear(), down, outer(w + 1), outer(w + 2));
                yield b.add("skipped", new Binary.Add(), x, up);
            }
        };
    }

    /**
     * Rotary tables by original positions are computed for all tokens and gathered: a scaling that depends on the length
     * of a sequence must see all of it, and layers share them. Keys and values that are kept, and the queries and keys that a
     * score by attention reads, are needed over all tokens anyway.
     */
    private void chooseOverAll() {
        if (routing.part() == Routing.Part.MLP) {
            Slices.backward(part.before(), overAll);
        }
        if (routing.kv() == Routing.SkippedKv.KEEP) {
            overAll(1, 2);
        }
        if (routing.positions() == Routing.Positions.ORIGINAL) {
            if (routing.score() instanceof Routing.Score.AttentionReceived) {
                overAll(0, 1);
            }
            for (Node inner : body.nodes()) {
                if (inner.kind() instanceof RotaryTable) {
                    Slices.backward(inner.result(0), overAll);
                }
            }
        }
    }

    /** Of attention, these operands and what they are computed from. */
    private void overAll(int... attentionOperands) {
        for (Node inner : body.nodes()) {
            if (inner.kind() instanceof Attention) {
                for (int operand : attentionOperands) {
                    Slices.backward(inner.operand(operand), overAll);
                }
            }
        }
    }

    private void attentionToAll(Node inner, Value indices) {
        var operands = new ArrayList<>(List.of(kept(inner.operand(0), indices), overAll(inner.operand(1)), overAll(inner.operand(2)),
                kept.get(body.param(Layer.ROWS)), full.get(body.param(Layer.ROWS))));
        if (inner.operands().size() > Attention.CACHE) {
            operands.add(outer(Layer.CACHE));
        }
        add(inner, operands, kept);
    }

    /** A body value over the kept tokens. */
    private Value kept(Value v, Value indices) {
        Value k = kept.get(v);
        if (k == null) {
            Value f = overAll(v);
            k = f.type() instanceof TensorType t && t.rank() > 0 && t.dim(0).equals(body.param(Layer.HIDDEN).tensor().dim(0))
                    ? b.add(v.name() + "_kept", new ModGather(), f, indices) : f;
            kept.put(v, k);
        }
        return k;
    }

    /** A body value over all tokens. */
    private Value overAll(Value v) {
        Value f = full.get(v);
        if (f == null) {
            copy(((Result) v).node(), this::overAll, full);
            f = full.get(v);
        }
        return f;
    }

    private void copy(Node inner, java.util.function.UnaryOperator<Value> operand, Map<Value, Value> results) {
        add(inner, inner.operands().stream().map(operand).toList(), results);
    }

    /** Adds a node like this one with other operands. */
    private void add(Node inner, List<Value> operands, Map<Value, Value> results) {
        b.at(inner.location());
        String[] more = inner.results().stream().skip(1).map(Result::name).toArray(String[]::new);
        Node made = b.node(inner.result(0).name(), inner.kind(), operands, RegionBuilder.resized(inner, operands), more);
        for (int i = 0; i < inner.results().size(); i++) {
            results.put(inner.result(i), made.result(i));
        }
    }

    private Value norm(LayerPart of) {
        return of.norm().orElseThrow(() -> new InputException("layer " + index + " has no norm of what goes into it, which its router or its skip path needs"));
    }

    private Node attention() {
        return body.nodes().stream().filter(n -> n.kind() instanceof Attention).findFirst().orElseThrow(
                () -> new InputException("layer " + index + " has no attention, which its router needs"));
    }

    private Value outer(int operand) {
        return operands.get(operand);
    }
}
