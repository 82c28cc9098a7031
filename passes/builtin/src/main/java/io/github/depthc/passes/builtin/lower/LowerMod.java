// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.lower;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Lowerable;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Origin;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.TypeException;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Puts the lowering of every op kind that has one in its place. Layers are inlined and their routing is made explicit:
 * {@code mod.score → mod.gate → mod.select → mod.gather → body → mod.combine}. The cache of a routed layer with a sliding
 * window becomes an indexed one: its entries have gaps, and the window counts distance in the sequence.
 */
public final class LowerMod implements Pass<NoOptions> {
    /** A lowering may use kinds that are lowered themselves, but not without end. */
    private static final int MOST_ROUNDS = 64;

    @Override
    public PassSpec<NoOptions> spec() {
        return new PassSpec<>("lower-mod", "inline layers and make routing explicit", new NoOptions());
    }

    @Override
    public Outcome run(Model model, NoOptions options, PassContext context) {
        Region graph = model.graph();
        Optional<Node> first = first(graph);
        if (first.isEmpty()) {
            return new Outcome.NotApplicable("the model has no layers; it is lowered already");
        }
        for (int round = 0; first.isPresent(); round++) {
            if (round == MOST_ROUNDS) {
                throw new InputException("op '" + first.get().kind().mnemonic() + "' is still there after " + MOST_ROUNDS
                        + " rounds of lowering, expected lowerings that come to an end");
            }
            graph = lower(graph);
            first = first(graph);
        }
        return new Outcome.Changed(model.withGraph(graph), "lowered to " + graph.nodes().size() + " nodes");
    }

    private static Optional<Node> first(Region graph) {
        return graph.nodes().stream().filter(n -> n.kind() instanceof Lowerable).findFirst();
    }

    private static Region lower(Region graph) {
        Set<Value> indexed = indexedCaches(graph);
        var b = new RegionBuilder();
        for (Param p : graph.params()) {
            b.map(p, b.param(p.name(), indexed.contains(p) && p.type() instanceof CacheType c
                    ? new CacheType(c.kvHeads(), c.headDim(), true) : p.type()));
        }
        for (Node node : graph.nodes()) {
            if (node.kind() instanceof Lowerable kind) {
                b.at(node.location());
                List<Value> made = lower(kind, node, b);
                if (made.size() != node.results().size()) {
                    throw new InputException("the lowering of op '" + kind.mnemonic() + "' gives " + made.size() + " values, expected "
                            + node.results().size() + ", one for each result");
                }
                for (int i = 0; i < made.size(); i++) {
                    Type expected = node.result(i).type();
                    // the caches of routed layers change their form on the way
                    if (!(expected instanceof CacheType) && !made.get(i).type().equals(expected)) {
                        throw new InputException("the lowering of op '" + kind.mnemonic() + "' gives %" + made.get(i).name() + " of type "
                                + made.get(i).type() + " as result " + i + ", expected " + expected);
                    }
                }
                b.map(node.results(), made);
            } else {
                b.copy(node);
            }
        }
        return b.build(b.values(graph.yields()));
    }

    private static List<Value> lower(Lowerable kind, Node node, RegionBuilder b) {
        try {
            return kind.lower(node, b.values(node.operands()), b);
        } catch (InputException | TypeException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new InputException("the lowering of op '" + kind.mnemonic() + "', " + Origin.of(kind.getClass()) + ", failed: " + e, e);
        }
    }

    private static Set<Value> indexedCaches(Region graph) {
        Set<Value> found = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Node node : graph.nodes()) {
            if (node.kind() instanceof DecoderLayer layer && layer.routed().filter(r -> r.kv() == Routing.SkippedKv.DROP).isPresent()
                    && node.region().nodes().stream().anyMatch(n -> n.kind() instanceof Attention a && a.window() > 0)) {
                found.add(node.operand(Layer.CACHE));
            }
        }
        return found;
    }
}
