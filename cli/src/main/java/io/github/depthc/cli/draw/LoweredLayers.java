// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * To which decoder layer each node of a flat graph belongs, found by the layer's own weights, cache and selection; what lies
 * between these belongs with them. Numbers never fall along a value's way, so that layers can be drawn as boxes in a row.
 */
final class LoweredLayers {
    /** Before the first layer, or shared by several. */
    static final int BEFORE = -1;
    /** After the last layer. */
    static final int AFTER = Integer.MAX_VALUE;

    private static final Pattern WEIGHT = Pattern.compile("(?:^|\\.)layers\\.(\\d{1,6})\\.");
    private static final Pattern CACHE = Pattern.compile("cache\\.(\\d{1,6})");

    private final Map<Node, Integer> layers = new IdentityHashMap<>();

    LoweredLayers(Region graph) {
        for (Node node : graph.nodes()) {
            int before = BEFORE;
            for (Value v : node.operands()) {
                before = Math.max(before, v instanceof Result r ? layers.getOrDefault(r.node(), BEFORE) : BEFORE);
            }
            layers.put(node, OpText.isLine(node) ? BEFORE : Math.max(before, own(node, before)));
        }
        sink(graph);
    }

    /** The layer, {@link #BEFORE} or {@link #AFTER}. */
    int of(Node node) {
        return layers.get(node);
    }

    /** How many layers there are. */
    long count() {
        return layers.values().stream().filter(l -> l != BEFORE && l != AFTER).distinct().count();
    }

    private static int own(Node node, int before) {
        int layer = node.kind() instanceof ModSelect s ? s.index() : BEFORE;
        boolean foreign = false;
        for (Value v : node.operands()) {
            if (v instanceof Param p) {
                Matcher m = CACHE.matcher(p.name());
                layer = m.matches() ? Integer.parseInt(m.group(1)) : layer;
            } else if (v instanceof Result r && r.node().kind() instanceof Weight(WeightExpr w)) {
                for (WeightExpr.Stored s : WeightStore.leaves(w)) {
                    Matcher m = WEIGHT.matcher(s.name());
                    if (m.find()) {
                        layer = Integer.parseInt(m.group(1));
                    } else {
                        foreign = true;
                    }
                }
            }
        }
        return layer == BEFORE && foreign && before != BEFORE ? AFTER : layer;
    }

    /** What only one layer uses, such as its selection, belongs to that layer although it does not depend on it; not so the embedding. */
    private void sink(Region graph) {
        Map<Node, List<Integer>> users = new IdentityHashMap<>();
        for (Node node : graph.nodes().reversed()) {
            if (layers.get(node) == BEFORE && !OpText.isLine(node) && own(node, AFTER) != AFTER) {
                List<Integer> of = users.getOrDefault(node, List.of());
                if (!of.isEmpty() && of.stream().distinct().count() == 1) {
                    layers.put(node, of.getFirst());
                }
            }
            for (Value v : node.operands()) {
                if (v instanceof Result r) {
                    users.computeIfAbsent(r.node(), n -> new ArrayList<>()).add(layers.get(node));
                }
            }
        }
    }
}
