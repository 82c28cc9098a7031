// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.cleanup;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Value;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Slices;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/** Removes nodes whose results nothing uses. Parameters stay: they are the model's interface. */
public final class DeadCode implements Pass<NoOptions> {
    @Override
    public PassSpec<NoOptions> spec() {
        return new PassSpec<>("dce", "remove nodes whose results nothing uses", new NoOptions());
    }

    @Override
    public Outcome run(Model model, NoOptions options, PassContext context) {
        Region graph = model.graph();
        Set<Node> live = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Value v : graph.yields()) {
            Slices.backward(v, live);
        }
        int dead = graph.nodes().size() - live.size();
        if (dead == 0) {
            return new Outcome.Unchanged();
        }
        var b = new RegionBuilder();
        b.copyParams(graph);
        graph.nodes().stream().filter(live::contains).forEach(b::copy);
        return new Outcome.Changed(model.withGraph(b.build(b.values(graph.yields()))), dead + " nodes removed");
    }
}
