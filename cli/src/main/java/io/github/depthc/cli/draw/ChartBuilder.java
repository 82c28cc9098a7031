// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Links the items of a chart. Values that go to many places, rows and caches have no lines of their own: their users name them.
 */
final class ChartBuilder {
    /** A value with more users than this is named instead of linked. */
    private static final int MOST_LINES = 4;

    private final List<? extends Value> inputs;
    private final List<Unit> units;
    private final List<? extends Value> outputs;
    private final Map<Value, Integer> users = new IdentityHashMap<>();
    private final List<Chart.Item> items = new ArrayList<>();
    private final List<Chart.Link> links = new ArrayList<>();
    /** Which item gives a value. */
    private final Map<Value, Integer> givers = new IdentityHashMap<>();

    /**
     * An item and the nodes it stands for; that of an op is made when it is known which values it names.
     *
     * @param item  null for an op
     * @param nodes in order; no other unit has them
     */
    record Unit(Chart.Item item, List<Node> nodes) {
        static Unit op(Node node) {
            return new Unit(null, List.of(node));
        }
    }

    /**
     * A chart to be built.
     *
     * @param inputs  values from outside
     * @param units   in an order in which each comes after what it uses
     * @param outputs values that go outside
     * @param region  in which the nodes stand
     */
    ChartBuilder(List<? extends Value> inputs, List<Unit> units, List<? extends Value> outputs, Region region) {
        this.inputs = inputs;
        this.units = units;
        this.outputs = outputs;
        for (Node node : region.nodes()) {
            Set<Value> once = Collections.newSetFromMap(new IdentityHashMap<>());
            once.addAll(node.operands());
            once.forEach(v -> users.merge(v, 1, Integer::sum));
        }
    }

    Chart build() {
        for (Value input : inputs) {
            if (isUsed(input) && !isNamed(input)) {
                givers.put(input, items.size());
                items.add(new Chart.Port(input.name(), false, OpText.value(input)));
            }
        }
        for (Unit unit : units) {
            int at = items.size();
            items.add(unit.item() == null ? op(unit.nodes().getFirst()) : unit.item());
            link(at, unit.nodes());
            unit.nodes().forEach(n -> n.results().forEach(r -> givers.put(r, at)));
        }
        for (Value output : outputs) {
            Integer from = givers.get(output);
            if (from != null && output.type() instanceof TensorType) {
                int at = items.size();
                items.add(new Chart.Port(output.name(), true, OpText.value(output)));
                links.add(new Chart.Link(from, at, 0, 1, OpText.value(output)));
            }
        }
        return new Chart(items, links);
    }

    private Chart.Op op(Node node) {
        List<Value> named = node.operands().stream().filter(this::isNamed).toList();
        String shape = node.results().isEmpty() ? "" : OpText.shape(node.result(0).type());
        var details = new ArrayList<>(OpText.details(node, named));
        node.results().stream().filter(r -> r.type() instanceof TensorType && isNamed(r))
                .forEach(r -> details.add("→ " + r.name() + ", " + users.get(r) + " uses"));
        return new Chart.Op(node.kind().mnemonic(), shape, details, Category.of(node.kind()), OpText.tooltip(node));
    }

    private void link(int to, List<Node> nodes) {
        Map<Integer, Value> from = new LinkedHashMap<>();
        for (Node node : nodes) {
            for (Value v : node.operands()) {
                Integer giver = givers.get(v);
                if (giver != null && giver != to && !isNamed(v)) {
                    from.putIfAbsent(giver, v);
                }
            }
        }
        int slot = 0;
        for (Map.Entry<Integer, Value> e : from.entrySet()) {
            links.add(new Chart.Link(e.getKey(), to, slot++, from.size(), OpText.value(e.getValue())));
        }
    }

    private boolean isUsed(Value value) {
        return users.containsKey(value) || outputs.stream().anyMatch(o -> o == value);
    }

    private boolean isNamed(Value value) {
        if (value instanceof Result r && OpText.isLine(r.node())) {
            return false;
        }
        int n = users.getOrDefault(value, 0);
        return !(value.type() instanceof TensorType t) || n > MOST_LINES || value instanceof Param && n > 1 && !t.dtype().isFloat();
    }
}
