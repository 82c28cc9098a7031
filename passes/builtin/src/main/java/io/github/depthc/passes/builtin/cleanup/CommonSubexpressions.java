// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.cleanup;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Value;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Computes equal nodes once: the same kind on the same operands. Nodes with regions are left alone. */
public final class CommonSubexpressions implements Pass<NoOptions> {
    /** Values have identity, so equal keys are the same computation. */
    private record Key(OpKind kind, List<Value> operands) {
    }

    @Override
    public PassSpec<NoOptions> spec() {
        return new PassSpec<>("cse", "compute equal nodes once", new NoOptions());
    }

    @Override
    public Outcome run(Model model, NoOptions options, PassContext context) {
        Region graph = model.graph();
        var b = new RegionBuilder();
        b.copyParams(graph);
        Map<Key, Node> seen = new HashMap<>();
        int merged = 0;
        for (Node node : graph.nodes()) {
            var key = new Key(node.kind(), b.values(node.operands()));
            Node before = node.regions().isEmpty() ? seen.get(key) : null;
            if (before != null) {
                b.map(node.results(), before.results());
                merged++;
            } else {
                seen.put(key, b.copy(node));
            }
        }
        return merged == 0 ? new Outcome.Unchanged()
                : new Outcome.Changed(model.withGraph(b.build(b.values(graph.yields()))), merged + " nodes merged");
    }
}
