// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.Counted;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Layer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Changes a model node by node. A {@link Rule} sees the nodes in order, each with its operands already rewritten, and may put
 * something else in its place; what it leaves alone is copied. Types are inferred anew, and names and locations are kept, so that
 * the result is well formed whatever the rule does; one that nothing was replaced in is the very model it was.
 *
 * <p>The regions of nodes are kept as they are; {@link #bodies} changes those instead.
 */
public final class Rewriter {
    private final Model model;
    private final boolean bodies;

    private Rewriter(Model model, boolean bodies) {
        this.model = model;
        this.bodies = bodies;
    }

    /** Looks at a node; to keep it, does nothing. */
    @FunctionalInterface
    public interface Rule {
        void at(Site site);
    }

    /** Changes the nodes of a model's graph. */
    public static Rewriter graph(Model model) {
        return new Rewriter(model, false);
    }

    /** Changes the nodes inside the bodies of decoder layers. A layer in which nothing is replaced keeps its body. */
    public static Rewriter bodies(Model model) {
        return new Rewriter(model, true);
    }

    /**
     * Goes through the nodes.
     *
     * @param done what a rule does to nodes, in words that follow a number, a noun in the plural first: {@code nodes merged}
     */
    public Outcome apply(PassContext context, String done, Rule rule) {
        int replaced = 0;
        Region graph = model.graph();
        if (bodies) {
            var b = new RegionBuilder();
            b.copyParams(graph);
            for (Node node : graph.nodes()) {
                var regions = new ArrayList<Region>();
                for (Region body : node.regions()) {
                    var walk = new Walk(body, Optional.of(node));
                    regions.add(walk.run(rule));
                    replaced += walk.replaced;
                }
                b.copy(node, node.kind(), b.values(node.operands()), regions);
            }
            graph = b.build(b.values(graph.yields()));
        } else {
            var walk = new Walk(graph, Optional.empty());
            graph = walk.run(rule);
            replaced = walk.replaced;
        }
        if (replaced == 0) {
            return new Outcome.Unchanged();
        }
        context.statistic(done, replaced);
        return new Outcome.Changed(model.withGraph(graph), Counted.words(replaced, done));
    }

    /** One walk through a region. */
    private static final class Walk {
        private final Region region;
        private final Optional<Node> layer;
        private final RegionBuilder b = new RegionBuilder();
        private int replaced;

        Walk(Region region, Optional<Node> layer) {
            this.region = region;
            this.layer = layer;
        }

        Region run(Rule rule) {
            b.copyParams(region);
            for (Node node : region.nodes()) {
                b.at(node.location());
                int before = b.size();
                int again = b.mappedAgain();
                var site = new Site(b, node, region, layer);
                rule.at(site);
                if (!site.done) {
                    site.keep();
                }
                // a node that is kept is a change too with others beside it, or with values that stand for other ones from now on
                replaced += site.replaced || b.size() > before + 1 || b.mappedAgain() > again ? 1 : 0;
            }
            return replaced == 0 ? region : b.build(b.values(region.yields()));
        }
    }

    /** A node, and what may be done to it: it is kept, replaced or removed, once. */
    public static final class Site {
        private final RegionBuilder b;
        private final Node node;
        private final Region region;
        private final Optional<Node> layer;
        private boolean done;
        private boolean replaced;

        private Site(RegionBuilder b, Node node, Region region, Optional<Node> layer) {
            this.b = b;
            this.node = node;
            this.region = region;
            this.layer = layer;
        }

        /** The node, as it stood before. */
        public Node node() {
            return node;
        }

        /** The decoder layer in whose body the node stands, as it stood before; empty for a node of the graph. */
        public Optional<Node> layer() {
            return layer;
        }

        /** What stands in the new graph for an operand. */
        public Value operand(int index) {
            return b.value(node.operand(index));
        }

        /** What stands in the new graph for all operands. */
        public List<Value> operands() {
            return b.values(node.operands());
        }

        /** What stands in the new graph for a value defined before this node. */
        public Value value(Value old) {
            return b.value(old);
        }

        /** Adds nodes before this one. */
        public RegionBuilder builder() {
            return b;
        }

        /**
         * Keeps the node, which is also what happens if nothing else does; gives the copy in the new graph. What is added behind it, or
         * another value, stands for it with {@code builder().map(node().result(0), value)} after this.
         */
        public Node keep() {
            once();
            requireUnmapped("kept", "keep()");
            return b.copy(node);
        }

        /** What stands for results already would be forgotten. */
        private void requireUnmapped(String done, String call) {
            node.results().stream().filter(b::has).findFirst().ifPresent(r -> {
                throw new IllegalStateException("a rule mapped %" + r.name() + " before its node of op '" + node.kind().mnemonic()
                        + "' was " + done + ", which maps it anew; call " + call + " first, or replaceWith(…) alone");
            });
        }

        /** Puts values in the place of the results, one for each. */
        public void replaceWith(List<? extends Value> values) {
            replace();
            b.map(node.results(), values);
        }

        /** Puts values in the place of the results, one for each. */
        public void replaceWith(Value... values) {
            replaceWith(List.of(values));
        }

        /** Puts a node of another kind in its place, on the same operands and regions. Nothing is replaced by an equal kind. */
        public void replaceKind(OpKind kind) {
            if (!kind.equals(node.kind())) {
                replaceKind(kind, operands());
            }
        }

        /** Puts a node of another kind in its place, with these operands and the same regions; gives the new node. */
        public Node replaceKind(OpKind kind, List<? extends Value> operands) {
            replace();
            requireUnmapped("replaced", "replaceKind(…)");
            return b.copy(node, kind, operands, node.regions());
        }

        /**
         * Puts a Mixture-of-Depths layer in the place of a dense {@link Layer}: the same body on the same operands, and behind them the
         * graph's candidates and what its routing needs. Gives the new node.
         *
         * @param more values of the new graph: the scores {@code f32[n]} where they are {@link Routing.Score.Given}, then the weights
         *             of {@link Routing#weightShapes}
         * @throws InputException if no parameter of the graph says which tokens may be skipped
         */
        public Node route(Routing routing, List<? extends Value> more) {
            if (!(node.kind() instanceof Layer dense)) {
                throw new IllegalStateException("a node of op '" + node.kind().mnemonic() + "' is to be routed, expected a dense layer");
            }
            Param candidates = region.param(GraphNames.CANDIDATES);
            if (candidates == null) {
                throw new InputException("the graph has no parameter %" + GraphNames.CANDIDATES + " that says which tokens may be skipped");
            }
            var operands = new ArrayList<Value>(operands());
            operands.add(b.value(candidates));
            operands.addAll(more);
            return replaceKind(new ModLayer(dense.index(), routing), operands);
        }

        /** The same. */
        public Node route(Routing routing, Value... more) {
            return route(routing, List.of(more));
        }

        /** Leaves the node out. Nothing that is kept may use its results. */
        public void remove() {
            replace();
        }

        private void replace() {
            once();
            replaced = true;
        }

        private void once() {
            if (done) {
                throw new IllegalStateException("a rule decided twice about a node of op '" + node.kind().mnemonic() + "'");
            }
            done = true;
        }
    }
}
