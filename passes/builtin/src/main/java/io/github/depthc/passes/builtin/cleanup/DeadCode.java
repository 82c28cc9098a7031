// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.cleanup;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Slices;
import io.github.depthc.ir.Value;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Rewriter;
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
        Set<Node> live = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Value v : model.graph().yields()) {
            Slices.backward(v, live);
        }
        return Rewriter.graph(model).apply(context, "nodes removed", site -> {
            if (!live.contains(site.node())) {
                site.remove();
            }
        });
    }
}
