// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

import io.github.depthc.cli.plan.PromptMix;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.text.Printer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * Makes the picture of a model. Layers are boxes; of layers that look the same the first is drawn in full and the others are
 * rows. A flat graph is put back into its layers. Weights stand in the boxes of the ops that use them.
 */
final class Pictures {
    /** More than this many ops outside of layers, or in one, would be no picture. */
    static final int MOST_OPS = 600;

    private static final int MOST_DRAWN_LAYERS = 8;
    private static final Pattern LAYER_NUMBER = Pattern.compile("(?<=layers\\.)\\d+(?=\\.)");

    private final LayerText text;

    private Pictures(OptionalLong prompt) {
        this.text = new LayerText(prompt);
    }

    /** The picture; {@link InputException} for a graph that is too large to look at. */
    static Picture of(Model model) {
        ModelInfo info = model.info();
        boolean known = info.context() > 0;
        OptionalLong prompt = known ? OptionalLong.of(new PromptMix().mix(model).tokens()) : OptionalLong.empty();
        Chart chart = new Pictures(prompt).chart(model.graph());
        boolean counted = chart.items().stream().anyMatch(i -> i instanceof Chart.Card c && isCount(c.head())
                || i instanceof Chart.Stack s && s.rows().stream().anyMatch(r -> isCount(r.head())));
        String subtitle = !known ? model.graph().nodes().size() + " nodes"
                : info.architecture() + ", " + info.layers() + (info.layers() == 1 ? " layer" : " layers") + ", hidden " + info.hidden()
                        + (counted ? "; kept tokens are of a prompt of " + prompt.getAsLong() : "");
        return new Picture(known ? info.name() : "graph", subtitle, chart);
    }

    private static boolean isCount(Chart.Head head) {
        return head.kept().matches("\\d.*");
    }

    private Chart chart(Region region) {
        if (region.nodes().stream().allMatch(n -> n.regions().isEmpty())) {
            var lowered = new LoweredLayers(region);
            if (lowered.count() > 1) {
                return new ChartBuilder(region.params(), units(region, lowered), region.yields(), region).build();
            }
        }
        return new ChartBuilder(region.params(), units(region), region.yields(), region).build();
    }

    /** Nodes with regions become boxes or rows, the others ops. */
    private List<ChartBuilder.Unit> units(Region region) {
        var units = new Units();
        for (Node node : region.nodes()) {
            if (OpText.isLine(node) && node.regions().isEmpty()) {
                continue;
            }
            if (node.regions().isEmpty()) {
                units.op(node);
                continue;
            }
            Chart.Head head = text.head(node);
            String look = head.kind() + String.join("", node.regions().stream()
                    .map(r -> LAYER_NUMBER.matcher(Printer.print(r)).replaceAll("N")).toList());
            units.layer(head, List.of(node), look, () -> new Chart.Card(head, text.details(node), body(node), text.skipped(node)));
        }
        return units.done();
    }

    private Chart body(Node node) {
        if (node.regions().size() == 1) {
            return chart(node.region());
        }
        var items = new ArrayList<Chart.Item>();
        var links = new ArrayList<Chart.Link>();
        for (Region region : node.regions()) {
            int first = items.size();
            Chart part = chart(region);
            items.addAll(part.items());
            part.links().forEach(l -> links.add(new Chart.Link(first + l.from(), first + l.to(), l.slot(), l.slots(), l.label())));
        }
        return new Chart(items, links);
    }

    /** The nodes of each layer become a box or a row. */
    private List<ChartBuilder.Unit> units(Region graph, LoweredLayers layers) {
        var byLayer = new HashMap<Integer, List<Node>>();
        graph.nodes().stream().filter(n -> !OpText.isLine(n)).forEach(n -> byLayer.computeIfAbsent(layers.of(n), l -> new ArrayList<>()).add(n));
        var units = new Units();
        byLayer.keySet().stream().sorted().forEach(layer -> {
            List<Node> nodes = byLayer.get(layer);
            if (layer == LoweredLayers.BEFORE || layer == LoweredLayers.AFTER) {
                nodes.forEach(units::op);
                return;
            }
            Chart.Head head = text.lowered(layer, nodes);
            units.layer(head, nodes, head.kind() + look(nodes), () -> new Chart.Card(head, List.of(), part(graph, nodes), Optional.empty()));
        });
        return units.done();
    }

    private static Chart part(Region graph, List<Node> nodes) {
        Set<Node> inside = Collections.newSetFromMap(new IdentityHashMap<>());
        inside.addAll(nodes);
        var inputs = new ArrayList<Value>();
        for (Node node : nodes) {
            for (Value v : node.operands()) {
                boolean own = v instanceof Result r && (inside.contains(r.node()) || OpText.isLine(r.node()));
                if (!own && inputs.stream().noneMatch(i -> i == v)) {
                    inputs.add(v);
                }
            }
        }
        var outputs = new ArrayList<Value>();
        Set<Value> used = Collections.newSetFromMap(new IdentityHashMap<>());
        graph.nodes().stream().filter(n -> !inside.contains(n)).forEach(n -> used.addAll(n.operands()));
        used.addAll(graph.yields());
        nodes.forEach(n -> n.results().stream().filter(used::contains).forEach(outputs::add));
        requireFew(nodes.size());
        return new ChartBuilder(inputs, nodes.stream().map(ChartBuilder.Unit::op).toList(), outputs, graph).build();
    }

    /** Equal for nodes of equal ops and ways of values, whatever they are called and which ratio they keep. */
    private static String look(List<Node> nodes) {
        Map<Value, Integer> numbers = new IdentityHashMap<>();
        var look = new StringBuilder();
        for (Node node : nodes) {
            look.append(node.kind().mnemonic());
            node.operands().forEach(v -> look.append(' ').append(v instanceof Result r && OpText.isLine(r.node()) ? OpText.shape(v.type())
                    : numbers.computeIfAbsent(v, k -> numbers.size()).toString()));
            node.results().forEach(v -> numbers.put(v, numbers.size()));
            look.append('\n');
        }
        return look.toString();
    }

    private static void requireFew(int ops) {
        if (ops > MOST_OPS) {
            throw new InputException("the graph has more than " + MOST_OPS + " ops outside of layers or in one layer, too many for a picture to be looked at; "
                    + "draw the model before lower-mod, or a part of it");
        }
    }

    /** Collects units, with layers that look the same put together. */
    private static final class Units {
        private final List<ChartBuilder.Unit> units = new ArrayList<>();
        private final Map<String, String> drawn = new HashMap<>();
        private final List<Chart.Row> rows = new ArrayList<>();
        private final List<Node> nodesOfRows = new ArrayList<>();
        private int ops;

        void op(Node node) {
            flush();
            requireFew(++ops);
            units.add(ChartBuilder.Unit.op(node));
        }

        void layer(Chart.Head head, List<Node> nodes, String look, Supplier<Chart.Card> card) {
            String same = drawn.get(look);
            if (same == null && drawn.size() < MOST_DRAWN_LAYERS) {
                drawn.put(look, head.title());
                flush();
                units.add(new ChartBuilder.Unit(card.get(), nodes));
            } else {
                rows.add(new Chart.Row(head, same == null ? "" : same));
                nodesOfRows.addAll(nodes);
            }
        }

        List<ChartBuilder.Unit> done() {
            flush();
            return units;
        }

        private void flush() {
            if (!rows.isEmpty()) {
                units.add(new ChartBuilder.Unit(new Chart.Stack(Rows.shorten(rows)), List.copyOf(nodesOfRows)));
                rows.clear();
                nodesOfRows.clear();
            }
        }
    }
}
