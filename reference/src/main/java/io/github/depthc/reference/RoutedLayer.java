// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.reference;

import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionReceived;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.RmsNorm;
import io.github.depthc.ir.op.RotaryTable;
import java.util.List;

/**
 * A Mixture-of-Depths layer by the definitions of {@link Routing}: the dense layer runs once over all tokens, and its results
 * or, where skipped tokens leave no keys, a run over the kept tokens alone give the kept tokens' values.
 */
final class RoutedLayer {
    private final Interpreter outer;
    private final Node node;
    private final ModLayer kind;
    private final Routing routing;
    private final Region body;
    private final Tensor x;
    private final Tensor positions;
    private final Rows rows;
    private final Cache cache;
    private final Interpreter dense;

    RoutedLayer(Interpreter outer, Node node, ModLayer kind) {
        this.outer = outer;
        this.node = node;
        this.kind = kind;
        this.routing = kind.routing();
        this.body = node.region();
        x = operand(Layer.HIDDEN);
        positions = operand(Layer.POSITIONS);
        rows = (Rows) outer.get(node.operand(Layer.ROWS));
        cache = (Cache) outer.get(node.operand(Layer.CACHE));
        dense = outer.inner(body, List.of(x, positions, rows, cache), Interpreter.Replacement.NONE);
        if (routing.kv() == Routing.SkippedKv.KEEP && routing.positions() == Routing.Positions.RENUMBERED) {
            throw new IllegalArgumentException("keys cannot be kept with renumbered positions");
        }
    }

    /** The new hidden states and cache. */
    Object[] eval() {
        Tensor candidates = operand(ModLayer.CANDIDATES);
        boolean gated = !(routing.gate() instanceof Routing.Gate.One);
        Tensor score = score();
        Tensor gate = gated ? Choosing.gate(routing.gate(), score, candidates, rows) : null;
        Tensor key = !routing.selection().needsScore() ? null : gated && routing.selection() instanceof Routing.Selection.TopK ? gate : score;
        int[] kept = outer.select(new ModSelect(routing.selection(), kind.index(), "kept"), rows, candidates, key);

        return switch (routing.part()) {
            case LAYER -> layer(kept, gate);
            case ATTENTION -> attention(kept, gate);
            case MLP -> mlp(kept, gate);
        };
    }

    private Object[] layer(int[] kept, Tensor gate) {
        Interpreter it = overKept(kept, gate);
        Tensor y = routing.kv() == Routing.SkippedKv.KEEP ? it.tensor(body.yields().get(0)).take(kept) : it.tensor(body.yields().get(0));
        return new Object[] {Interpreter.combine(skipped(x, gate), kept, onBlock(x, kept, y, gate)), it.get(body.yields().get(1))};
    }

    /** All of the layer over the kept tokens, but for what the others leave in the cache; the gate on the MLP, where that is its place. */
    private Interpreter overKept(int[] kept, Tensor gate) {
        return routing.kv() == Routing.SkippedKv.KEEP
                ? outer.inner(body, List.of(x, positions, rows, cache), gating(gate))
                : outer.inner(body, List.of(x.take(kept), keptPositions(kept), rows.subset(kept), cache),
                        tables(kept, gating(gate == null ? null : gate.take(kept))));
    }

    /** Attention of the kept tokens is put among the others' hidden states, of all of which the MLP is computed. */
    private Object[] attention(int[] kept, Tensor gate) {
        Value stream = mlp().operand(0);
        Interpreter it = overKept(kept, null);
        Tensor y = routing.kv() == Routing.SkippedKv.KEEP ? it.tensor(stream).take(kept) : it.tensor(stream);
        Tensor combined = Interpreter.combine(skipped(x, gate), kept, onBlock(x, kept, y, gate));
        Interpreter rest = outer.inner(body, List.of(x, positions, rows, cache), (inner, i) -> inner.results().contains(stream) ? new Object[] {combined} : null);
        return new Object[] {rest.tensor(body.yields().get(0)), it.get(body.yields().get(1))};
    }

    /** The dense layer, of whose MLP the kept tokens alone take the result. */
    private Object[] mlp(int[] kept, Tensor gate) {
        Tensor stream = dense.tensor(mlp().operand(0));
        Interpreter it = outer.inner(body, List.of(x, positions, rows, cache), gating(gate));
        Tensor y = onBlock(stream, kept, it.tensor(body.yields().get(0)).take(kept), gate);
        return new Object[] {Interpreter.combine(skipped(stream, gate), kept, y), dense.get(body.yields().get(1))};
    }

    /** What the kept tokens become where the gate is on all that is skipped, on its way from one stream to the other. */
    private Tensor onBlock(Tensor stream, int[] kept, Tensor y, Tensor gate) {
        if (gate == null || routing.placement() != Routing.Placement.BLOCK) {
            return y;
        }
        Tensor from = stream.take(kept);
        Tensor change = Math64.zip(Math64.zip(y, from, (a, b) -> a - b), gate.take(kept), (a, b) -> a * b);
        return Math64.zip(from, change, Double::sum);
    }

    private Node mlp() {
        return body.nodes().stream().filter(n -> n.kind() instanceof Binary.Residual r && r.branch() == Binary.Branch.MLP).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the layer has no MLP"));
    }

    private Tensor operand(int i) {
        return outer.tensor(node.operand(i));
    }

    private Tensor keptPositions(int[] kept) {
        return switch (routing.positions()) {
            case ORIGINAL -> positions.take(kept);
            case RENUMBERED -> Interpreter.cachePositions(rows.subset(kept), cache);
        };
    }

    /** The branch of the MLP multiplied by the gate, where that is its place. */
    private Interpreter.Replacement gating(Tensor gate) {
        if (gate == null || routing.placement() != Routing.Placement.MLP) {
            return Interpreter.Replacement.NONE;
        }
        return (inner, it) -> inner.kind() instanceof Binary.Residual r && r.branch() == Binary.Branch.MLP
                ? new Object[] {Math64.zip(it.tensor(inner.operand(0)),
                        Math64.zip(it.tensor(inner.operand(1)), gate, (a, g) -> a * g), Double::sum)}
                : null;
    }

    /** Tables by original positions are those of the whole sequence: a scaling may depend on its length. */
    private Interpreter.Replacement tables(int[] kept, Interpreter.Replacement others) {
        return (inner, it) -> inner.kind() instanceof RotaryTable && routing.positions() == Routing.Positions.ORIGINAL
                ? new Object[] {dense.tensor(inner.result(0)).take(kept), dense.tensor(inner.result(1)).take(kept)}
                : others.eval(inner, it);
    }

    private Tensor score() {
        int w = kind.weightsAt();
        return switch (routing.score()) {
            case Routing.Score.None s -> null;
            case Routing.Score.Given s -> operand(ModLayer.SCORE);
            case Routing.Score.Linear s -> Choosing.score(s, x, operand(w), s.bias() ? operand(w + 1) : null);
            case Routing.Score.SharedLinear s -> Choosing.score(s, normed(), operand(w), null);
            case Routing.Score.AttentionReceived(int observers) -> {
                Node attention = first(Attention.class);
                var a = (Attention) attention.kind();
                yield Attending.received(new AttentionReceived(a.heads(), a.kvHeads(), a.headDim(), a.scale(), a.softcap(), observers, a.causal()),
                        dense.tensor(attention.operand(0)), dense.tensor(attention.operand(1)), rows);
            }
        };
    }

    /** What every token is when it is skipped. */
    private Tensor skipped(Tensor stream, Tensor gate) {
        return switch (routing.skip()) {
            case Routing.SkipPath.Identity s -> stream;
            case Routing.SkipPath.Gated s -> gate == null ? stream : Math64.zip(stream, gate, (a, g) -> a * g);
            case Routing.SkipPath.Linear s -> {
                int w = node.operands().size() - 3;
                Tensor down = Math64.linear(routing.part() == Routing.Part.MLP ? normed(mlp().operand(0)) : normed(), operand(w), null);
                yield Math64.zip(stream, Math64.linear(down, operand(w + 1), operand(w + 2)), Double::sum);
            }
        };
    }

    /** The layer's input norm over all tokens. */
    private Tensor normed() {
        return normed(body.param(Layer.HIDDEN));
    }

    private Tensor normed(Value stream) {
        return dense.tensor(body.nodes().stream().filter(n -> n.kind() instanceof RmsNorm && n.operand(0) == stream).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the layer has no norm of its input")).result(0));
    }

    private Node first(Class<? extends OpKind> wanted) {
        return body.nodes().stream().filter(n -> wanted.isInstance(n.kind())).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the layer has no " + wanted.getSimpleName()));
    }
}
