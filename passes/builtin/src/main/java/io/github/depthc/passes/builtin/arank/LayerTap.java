// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.arank;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionProbs;
import io.github.depthc.passes.api.Slices;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/** Graphs that run a part of a model on its own. */
final class LayerTap {
    private LayerTap() {
    }

    /** A layer's body without its cache; yields the new hidden states and the attention probabilities. */
    static Region of(Region body) {
        var b = new RegionBuilder();
        for (Param p : body.params()) {
            if (!(p.type() instanceof CacheType)) {
                b.map(p, b.param(p.name(), p.type()));
            }
        }
        Value probs = null;
        for (Node node : body.nodes()) {
            if (node.kind() instanceof Attention a) {
                List<Value> operands = b.values(node.operands().subList(0, 5));
                probs = b.add("probs", new AttentionProbs(a.heads(), a.kvHeads(), a.headDim(), a.scale(), a.softcap(), a.window()),
                        operands.get(0), operands.get(1), operands.get(3));
                b.copy(node, a, operands, List.of());
            } else {
                b.copy(node);
            }
        }
        if (probs == null) {
            throw new InputException("a layer without attention has no ARank");
        }
        return b.build(List.of(b.value(body.yields().getFirst()), probs));
    }

    /** The part of a graph that computes a value, with the parameters that part reads. */
    static Region upTo(Region graph, Value value) {
        Set<Node> needed = Collections.newSetFromMap(new IdentityHashMap<>());
        Slices.backward(value, needed);
        Set<Value> read = Collections.newSetFromMap(new IdentityHashMap<>());
        needed.forEach(n -> read.addAll(n.operands()));
        var b = new RegionBuilder();
        for (Param p : graph.params()) {
            if (read.contains(p)) {
                b.map(p, b.param(p.name(), p.type()));
            }
        }
        graph.nodes().stream().filter(needed::contains).forEach(b::copy);
        return b.build(List.of(b.value(value)));
    }
}
