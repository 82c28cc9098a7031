// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.lower;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.Counted;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.passes.api.Lowering;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.function.Function;

/**
 * Puts the lowering of every op kind that has one in its place. Layers are inlined and their routing is made explicit:
 * {@code mod.score → mod.gate → mod.select → mod.gather → body → mod.combine}. The cache of a routed layer with a sliding
 * window becomes an indexed one: its entries have gaps, and the window counts distance in the sequence.
 */
public final class LowerMod implements Pass<NoOptions> {
    @Override
    public PassSpec<NoOptions> spec() {
        return new PassSpec<>("lower-mod", "inline layers and make routing explicit", new NoOptions());
    }

    @Override
    public Outcome run(Model model, NoOptions options, PassContext context) {
        if (!Lowering.applies(model.graph())) {
            return new Outcome.NotApplicable("the model has no layers; it is lowered already");
        }
        Region flat = Lowering.of(model.graph(), LowerMod::cacheTypes);
        return new Outcome.Changed(model.withGraph(flat), "lowered to " + Counted.of(flat.nodes().size(), "node"));
    }

    private static Function<Param, Type> cacheTypes(Region graph) {
        Set<Value> indexed = indexedCaches(graph);
        return p -> indexed.contains(p) && p.type() instanceof CacheType c ? new CacheType(c.kvHeads(), c.headDim(), true) : p.type();
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
