// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.lower;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModLayer;
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
import java.util.Set;

/**
 * Inlines every layer and makes routing explicit: {@code mod.score → mod.gate → mod.select → mod.gather → body →
 * mod.combine}. The cache of a routed layer with a sliding window becomes an indexed one: its entries have gaps, and the
 * window counts distance in the sequence.
 */
public final class LowerMod implements Pass<NoOptions> {
    @Override
    public PassSpec<NoOptions> spec() {
        return new PassSpec<>("lower-mod", "inline layers and make routing explicit", new NoOptions());
    }

    @Override
    public Outcome run(Model model, NoOptions options, PassContext context) {
        Region graph = model.graph();
        if (model.nodes(Layer.class).isEmpty() && model.nodes(ModLayer.class).isEmpty()) {
            return new Outcome.NotApplicable("the model has no layers; it is lowered already");
        }
        Set<Value> indexed = indexedCaches(graph);
        var b = new RegionBuilder();
        for (Param p : graph.params()) {
            b.map(p, b.param(p.name(), indexed.contains(p) && p.type() instanceof CacheType c
                    ? new CacheType(c.kvHeads(), c.headDim(), true) : p.type()));
        }
        for (Node node : graph.nodes()) {
            b.at(node.location());
            switch (node.kind()) {
                case Layer l -> {
                    List<Value> operands = b.values(node.operands());
                    b.map(node.region().params(), operands);
                    b.map(node.results(), b.inline(node.region()));
                }
                case ModLayer m -> b.map(node.results(), new RoutedLayer(b, node, m).emit());
                default -> b.copy(node);
            }
        }
        return new Outcome.Changed(model.withGraph(b.build(b.values(graph.yields()))), "lowered to "
                + b.size() + " nodes");
    }

    private static Set<Value> indexedCaches(Region graph) {
        Set<Value> found = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Node node : graph.nodes()) {
            if (node.kind() instanceof ModLayer m && m.routing().kv() == Routing.SkippedKv.DROP
                    && node.region().nodes().stream().anyMatch(n -> n.kind() instanceof Attention a && a.window() > 0)) {
                found.add(node.operand(Layer.CACHE));
            }
        }
        return found;
    }
}
