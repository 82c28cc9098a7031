// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.hoist;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpCalls;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModCombine;
import io.github.depthc.ir.mod.ModGather;
import io.github.depthc.ir.mod.ModOverlap;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.op.GatherRows;
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
 * Moves the gather of the tokens whose logits are wanted towards the inputs, through every op that computes each row by
 * itself ({@link io.github.depthc.ir.OpKind#rowWise}), attention's queries among them, up to values that something else
 * needs for all tokens. In a prompt the last layer then computes queries, attention, output projection and MLP for the wanted
 * tokens alone, keys and values for all: what is wanted stays the same. Of a routed layer that is those tokens that are wanted and
 * kept. ONNX Runtime does the like for training (UpStreamGather).
 */
public final class HoistGather implements Pass<NoOptions> {
    /** For which tokens a value is needed. */
    private enum Need { WANTED, ALL }

    @Override
    public PassSpec<NoOptions> spec() {
        return new PassSpec<>("hoist-gather", "compute what only the wanted logits need for their tokens alone", new NoOptions());
    }

    @Override
    public Outcome run(Model model, NoOptions options, PassContext context) {
        Param wanted = model.graph().param(GraphNames.LOGITS_AT);
        if (wanted == null) {
            return new Outcome.Unchanged();
        }
        var ofAll = new Hoist(model.graph(), wanted);
        Region graph = ofAll.run();
        int moved = ofAll.moved;
        for (int i = 0; i < overlaps(graph).size(); i++) {
            var ofKept = new Hoist(graph, overlaps(graph).get(i).result(0));
            graph = ofKept.run();
            moved += ofKept.moved;
        }
        if (moved > ofAll.moved) {
            // what only kept tokens were gathered of may be needed for the wanted ones alone now
            var ofRest = new Hoist(graph, graph.param(GraphNames.LOGITS_AT));
            graph = ofRest.run();
            moved += ofRest.moved;
        }
        if (moved == 0) {
            return new Outcome.Unchanged();
        }
        context.statistic("nodes for wanted tokens alone", moved);
        return new Outcome.Changed(model.withGraph(graph), moved + " nodes for wanted tokens alone");
    }

    private static List<Node> overlaps(Region graph) {
        return graph.nodes().stream().filter(n -> n.kind() instanceof ModOverlap).toList();
    }

    /** One run. */
    private static final class Hoist {
        private final Region graph;
        private final Value indices;
        private final Map<Value, Need> needs = new IdentityHashMap<>();
        private final RegionBuilder b = new RegionBuilder();
        /** What stands in the new graph for the wanted tokens of a value. */
        private final Map<Value, Value> ofWanted = new IdentityHashMap<>();
        /** Selections whose kept tokens are put back for the wanted ones alone, and which of them are wanted. */
        private final Map<Node, Node> overlaps = new IdentityHashMap<>();
        private int moved;

        /** @param indices of the wanted tokens, ascending: among all, or among those that a selection keeps */
        Hoist(Region graph, Value indices) {
            this.graph = graph;
            this.indices = indices;
        }

        Region run() {
            graph.yields().forEach(v -> need(v, Need.ALL));
            graph.nodes().reversed().forEach(this::needsOf);
            Set<Node> selections = Collections.newSetFromMap(new IdentityHashMap<>());
            graph.nodes().stream().filter(this::narrows).forEach(n -> selections.add(selection(n)));
            b.copyParams(graph);
            for (Node node : graph.nodes()) {
                if (gathers(node)) {
                    b.map(node.result(0), wanted(node.operand(0)));
                } else if (narrows(node)) {
                    narrow(node);
                } else if (hoists(node)) {
                    hoist(node);
                } else if (!isPassed(node)) {
                    Node copy = b.copy(node);
                    if (selections.contains(node)) {
                        String both = ((ModSelect) node.kind()).kept() + ".wanted";
                        overlaps.put(node, b.node("overlap", new ModOverlap(both), List.of(copy.operand(0), copy.result(0), b.value(indices)), List.of()));
                    }
                }
            }
            return b.build(b.values(graph.yields()));
        }

        /** The selection whose tokens a combination puts back; null where it is none that can be narrowed. */
        private Node selection(Node node) {
            return indices instanceof Param && node.kind() instanceof ModCombine && node.operand(1) instanceof Result kept
                    && kept.node().kind() instanceof ModSelect && kept.index() == 0 ? kept.node() : null;
        }

        /** True if tokens are put back among the skipped ones, and nothing needs it for others than the wanted ones. */
        private boolean narrows(Node node) {
            return selection(node) != null && needs.get(node.result(0)) == Need.WANTED;
        }

        /** Puts back what is both kept and wanted among what is wanted. */
        private void narrow(Node node) {
            Node overlap = overlaps.get(selection(node));
            Value kept = b.add(node.operand(2).name() + "_wanted", new GatherRows(), b.value(node.operand(2)), overlap.result(0));
            ofWanted.put(node.result(0), b.add(node.result(0).name(), new ModCombine(), wanted(node.operand(0)), overlap.result(1), kept));
            moved++;
        }

        /** True of a gather of kept tokens of which nothing needs more than those that are wanted too. */
        private boolean isPassed(Node node) {
            return node.kind() instanceof ModGather && indices instanceof Result both && both.node().kind() instanceof ModOverlap
                    && node.operand(1) == both.node().operand(ModOverlap.KEPT) && needs.get(node.result(0)) == Need.WANTED;
        }

        private boolean gathers(Node node) {
            return node.kind() instanceof GatherRows && node.operand(1) == indices;
        }

        private void need(Value value, Need need) {
            needs.merge(value, need, (x, y) -> x == y ? x : Need.ALL);
        }

        /** What a node needs, when it is known what is needed of it. */
        private void needsOf(Node node) {
            List<Integer> rows = gathers(node) || narrows(node) ? List.of(0) : hoists(node) ? OpCalls.rowWise(node) : List.of();
            for (int i = 0; i < node.operands().size(); i++) {
                need(node.operand(i), rows.contains(i) ? Need.WANTED : Need.ALL);
            }
        }

        /** True if the node can be computed for the wanted tokens, and nothing needs it for others. */
        private boolean hoists(Node node) {
            List<Integer> rows = OpCalls.rowWise(node);
            if (rows.isEmpty()) {
                return false;
            }
            boolean used = false;
            for (Result r : node.results()) {
                Need need = hasRows(r) ? needs.get(r) : null;
                if (need == Need.ALL) {
                    return false;
                }
                used |= need == Need.WANTED;
            }
            return used;
        }

        private void hoist(Node node) {
            List<Integer> rows = OpCalls.rowWise(node);
            var operands = new ArrayList<Value>();
            for (int i = 0; i < node.operands().size(); i++) {
                operands.add(rows.contains(i) ? wanted(node.operand(i)) : b.value(node.operand(i)));
            }
            Node made = b.copy(node, node.kind(), operands, node.regions());
            moved++;
            for (Result r : node.results()) {
                if (hasRows(r)) {
                    ofWanted.put(r, made.result(r.index()));
                }
            }
        }

        private Value wanted(Value value) {
            Value v = ofWanted.get(value);
            if (v == null) {
                v = value instanceof Result r && isPassed(r.node()) ? ofWantedAndKept(r.node()) : b.add(value.name() + "_wanted", new GatherRows(), b.value(value), b.value(indices));
                ofWanted.put(value, v);
            }
            return v;
        }

        /** From the wanted tokens, among which those that are kept have places too. */
        private Value ofWantedAndKept(Node gather) {
            Node overlap = ((Result) indices).node();
            Value all = b.add(gather.operand(0).name() + "_wanted", new GatherRows(), b.value(gather.operand(0)), b.value(overlap.operand(ModOverlap.WANTED)));
            return b.add(gather.result(0).name() + "_wanted", new GatherRows(), all, b.value(overlap.result(1)));
        }

        private static boolean hasRows(Result result) {
            return !(result.type() instanceof CacheType);
        }
    }
}
