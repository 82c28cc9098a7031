// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.cleanup;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Value;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Rewriter;
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
        Map<Key, Node> seen = new HashMap<>();
        return Rewriter.graph(model).apply(context, "nodes merged", site -> {
            if (!site.node().regions().isEmpty()) {
                return;
            }
            var key = new Key(site.node().kind(), site.operands());
            Node before = seen.get(key);
            if (before != null) {
                site.replaceWith(before.results());
            } else {
                seen.put(key, site.keep());
            }
        });
    }
}
