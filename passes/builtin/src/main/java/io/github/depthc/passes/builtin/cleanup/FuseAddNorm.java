// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.cleanup;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.AddRmsNorm;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.RmsNorm;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * Joins a residual addition and the norm of its result into {@code add_rms_norm}: one pass over the hidden states instead
 * of two. A norm over groups (of heads) is left alone, and so is an addition whose sum two norms read.
 */
public final class FuseAddNorm implements Pass<NoOptions> {
    @Override
    public PassSpec<NoOptions> spec() {
        return new PassSpec<>("fuse-add-norm", "join a residual addition and the norm after it", new NoOptions());
    }

    @Override
    public Outcome run(Model model, NoOptions options, PassContext context) {
        Region graph = model.graph();
        Map<Node, Node> norms = norms(graph);
        if (norms.isEmpty()) {
            return new Outcome.Unchanged();
        }
        var b = new RegionBuilder();
        b.copyParams(graph);
        int fused = 0;
        Map<Node, Boolean> done = new IdentityHashMap<>();
        for (Node node : graph.nodes()) {
            if (done.containsKey(node)) {
                continue;
            }
            Node norm = norms.get(node);
            if (norm != null) {
                // the norm's weight may stand after the addition: it depends on nothing and can be made now
                Value weight = norm.operand(1);
                if (!b.has(weight)) {
                    Node made = ((Result) weight).node();
                    b.copy(made);
                    done.put(made, true);
                }
                var n = (RmsNorm) norm.kind();
                b.at(node.location());
                Node both = b.node(node.result(0).name(), new AddRmsNorm(n.epsilon(), n.unitOffset()),
                        java.util.List.of(b.value(node.operand(0)), b.value(node.operand(1)), b.value(weight)), java.util.List.of(),
                        norm.result(0).name());
                b.map(node.result(0), both.result(0));
                b.map(norm.result(0), both.result(1));
                done.put(norm, true);
                fused++;
            } else {
                b.copy(node);
            }
        }
        context.statistic("pairs fused", fused);
        return new Outcome.Changed(model.withGraph(b.build(b.values(graph.yields()))), fused + " pairs fused");
    }

    /** For each addition that can be fused, the one norm that reads its sum. */
    private static Map<Node, Node> norms(Region graph) {
        Map<Node, Node> found = new IdentityHashMap<>();
        Map<Node, Boolean> several = new IdentityHashMap<>();
        for (Node node : graph.nodes()) {
            if (node.kind() instanceof RmsNorm n && n.groups() == 1 && node.operand(0) instanceof Result sum
                    && (sum.node().kind() instanceof Binary.Residual || sum.node().kind() instanceof Binary.Add)
                    && sum.node().operand(0).type().equals(sum.node().operand(1).type())
                    && node.operand(1) instanceof Result weight && weight.node().operands().isEmpty()) {
                if (found.putIfAbsent(sum.node(), node) != null) {
                    several.put(sum.node(), true);
                }
            }
        }
        several.keySet().forEach(found::remove);
        return found;
    }
}
