// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.segment;

import io.github.depthc.ir.Counted;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModCombine;
import io.github.depthc.ir.mod.ModCombineScore;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Joins a combination with the gate on the skipped tokens before it and the linear score of its result after it, into
 * {@code mod.combine_score}: the hidden states are passed over once instead of three times. A skipped tensor that something else reads, or
 * that is more than gate · x, is left as it is.
 */
public final class FuseCombine implements Pass<NoOptions> {
    @Override
    public PassSpec<NoOptions> spec() {
        return new PassSpec<>("fuse-combine", "join a combination with the skip gate before it and the next layer's score after it", new NoOptions());
    }

    @Override
    public Outcome run(Model model, NoOptions options, PassContext context) {
        var fusion = new Fusion(model.graph());
        if (fusion.fused == 0) {
            return new Outcome.Unchanged();
        }
        context.statistic("combinations fused", fusion.fused);
        return new Outcome.Changed(model.withGraph(fusion.run()), Counted.of(fusion.fused, "combination") + " fused");
    }

    /** One run. */
    private static final class Fusion {
        private final Region old;
        private final Map<Value, Integer> uses = new IdentityHashMap<>();
        /** Of a combination, the multiplication before it. */
        private final Map<Node, Node> gates = new IdentityHashMap<>();
        /** Of a combination, the score after it. */
        private final Map<Node, Node> scores = new IdentityHashMap<>();
        private final Set<Node> gone = Collections.newSetFromMap(new IdentityHashMap<>());
        private final RegionBuilder b = new RegionBuilder();
        private final int fused;

        Fusion(Region old) {
            this.old = old;
            old.nodes().forEach(n -> n.operands().forEach(v -> uses.merge(v, 1, Integer::sum)));
            old.yields().forEach(v -> uses.merge(v, 1, Integer::sum));
            for (Node node : old.nodes()) {
                if (node.kind() instanceof ModCombine && node.operand(0) instanceof Result skipped && gates(skipped)) {
                    gates.put(node, skipped.node());
                    gone.add(skipped.node());
                } else if (scores(node) && !scores.containsKey(((Result) node.operand(0)).node())) {
                    scores.put(((Result) node.operand(0)).node(), node);
                    gone.add(node);
                }
            }
            fused = (int) old.nodes().stream().filter(n -> gates.containsKey(n) || scores.containsKey(n)).count();
        }

        private boolean gates(Result skipped) {
            return skipped.node().kind() instanceof Binary.Mul && uses.get(skipped) == 1
                    && skipped.node().operand(1).type() instanceof TensorType t && t.rank() == 1
                    && t.dim(0).equals(skipped.tensor().dim(0));
        }

        private static boolean scores(Node node) {
            return node.kind() instanceof ModScore(Routing.Score score) && score instanceof Routing.Score.Linear
                    && node.operand(0) instanceof Result r && r.node().kind() instanceof ModCombine
                    && node.operands().stream().skip(1).allMatch(Fusion::isFree);
        }

        /** True of a weight, which depends on nothing and can be made earlier. */
        private static boolean isFree(Value value) {
            return value instanceof Result r && r.node().operands().isEmpty();
        }

        Region run() {
            b.copyParams(old);
            for (Node node : old.nodes()) {
                if (gates.containsKey(node) || scores.containsKey(node)) {
                    fuse(node);
                } else if (!gone.contains(node) && !(node.operands().isEmpty() && b.has(node.result(0)))) {
                    b.copy(node);
                }
            }
            return b.build(b.values(old.yields()));
        }

        private void fuse(Node combine) {
            Node gate = gates.get(combine);
            Node score = scores.get(combine);
            Value x = gate == null ? combine.operand(0) : gate.operand(0);
            var operands = new ArrayList<Value>(b.values(List.of(x, combine.operand(1), combine.operand(2))));
            if (gate != null) {
                operands.add(b.value(gate.operand(1)));
            }
            if (score != null) {
                for (Value weight : score.operands().subList(1, score.operands().size())) {
                    if (!b.has(weight)) {
                        b.copy(((Result) weight).node());
                    }
                    operands.add(b.value(weight));
                }
            }
            b.at(combine.location());
            var kind = new ModCombineScore(gate != null, score == null ? new Routing.Score.None() : ((ModScore) score.kind()).score());
            Node made = score == null ? b.node(combine.result(0).name(), kind, operands, List.of())
                    : b.node(combine.result(0).name(), kind, operands, List.of(), score.result(0).name());
            b.map(combine.result(0), made.result(0));
            if (score != null) {
                b.map(score.result(0), made.result(1));
            }
        }
    }
}
