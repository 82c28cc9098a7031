// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

import io.github.depthc.ir.Model;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A model's graph in the language of Graphviz: {@code dot -Tsvg model.dot}. Layers are clusters. */
public final class GraphDot {
    private final StringBuilder out = new StringBuilder();

    private GraphDot() {
    }

    /** The text. {@link io.github.depthc.ir.InputException} for a graph too large to look at. */
    public static String of(Model model) {
        return new GraphDot().draw(Pictures.of(model));
    }

    private String draw(Picture picture) {
        out.append("// ").append(oneLine(picture.title())).append("; draw it with: dot -Tsvg FILE\n");
        out.append("digraph ").append(quote(picture.title())).append(" {\n");
        out.append("  label=").append(quote(picture.title() + "\n" + picture.subtitle())).append(";\n");
        out.append("  labelloc=t; rankdir=TB; nodesep=0.25; ranksep=0.35; fontname=Helvetica;\n");
        out.append("  node [shape=box, style=\"rounded,filled\", fontname=Helvetica, fontsize=11, height=0.3, margin=\"0.1,0.05\"];\n");
        out.append("  edge [color=\"#8c959f\", arrowsize=0.6];\n");
        chart(picture.chart(), "n", "  ");
        return out.append("}\n").toString();
    }

    /** Items are called by their place, those of a body behind that of their card. */
    private void chart(Chart chart, String prefix, String indent) {
        for (int i = 0; i < chart.items().size(); i++) {
            String name = prefix + i;
            switch (chart.items().get(i)) {
                case Chart.Port p -> node(indent, name, List.of(p.name()), "#ffffff", "#8c959f", p.tooltip(), ", shape=oval");
                case Chart.Op o -> {
                    var lines = new ArrayList<>(List.of(o.shape().isEmpty() ? o.title() : o.title() + "  " + o.shape()));
                    lines.addAll(o.details());
                    node(indent, name, lines, o.category().fill(), o.category().stroke(), o.tooltip(), "");
                }
                case Chart.Stack s -> node(indent, name, s.rows().stream().map(r -> head(r.head()) + (r.body().isEmpty() ? "" : ", " + Sizes.bodyText(r))).toList(),
                        "#f6f8fa", "#c4ccd4", "", "");
                case Chart.Card c -> card(c, name, indent);
            }
        }
        for (Chart.Link link : chart.links()) {
            edge(indent, leaving(chart, link.from(), prefix), arriving(chart, link.to(), prefix), link.label());
        }
    }

    private void card(Chart.Card card, String name, String indent) {
        var lines = new ArrayList<>(List.of(head(card.head())));
        lines.addAll(card.details());
        card.skipped().ifPresent(lines::add);
        String colour = card.head().kind() == Chart.Kind.MOD || card.head().kind() == Chart.Kind.PLANNED ? "#0969da" : "#c4ccd4";
        out.append(indent).append("subgraph cluster_").append(name).append(" {\n");
        out.append(indent).append("  label=\"\"; style=\"rounded,filled\"; color=\"").append(colour).append("\"; fillcolor=\"#f6f8fa\";\n");
        node(indent + "  ", name + "_head", lines, "#f6f8fa", "#f6f8fa", card.tooltip(), ", shape=plaintext");
        chart(card.body(), name + "_", indent + "  ");
        for (int i = 0; i < card.body().items().size(); i++) {
            if (card.body().items().get(i) instanceof Chart.Port p && !p.result()) {
                edge(indent + "  ", name + "_head", name + "_" + i, p.tooltip());
            }
        }
        out.append(indent).append("}\n");
    }

    /** From where a link of a card leaves: what the body gives last. */
    private static String leaving(Chart chart, int item, String prefix) {
        if (chart.items().get(item) instanceof Chart.Card card) {
            for (int i = card.body().items().size() - 1; i >= 0; i--) {
                if (card.body().items().get(i) instanceof Chart.Port p && p.result()) {
                    return prefix + item + "_" + i;
                }
            }
            return prefix + item + "_head";
        }
        return prefix + item;
    }

    private static String arriving(Chart chart, int item, String prefix) {
        return prefix + item + (chart.items().get(item) instanceof Chart.Card ? "_head" : "");
    }

    private void node(String indent, String name, List<String> lines, String fill, String stroke, String tooltip, String more) {
        out.append(indent).append(name).append(" [label=").append(quote(String.join("\n", lines))).append(", fillcolor=\"").append(fill)
                .append("\", color=\"").append(stroke).append("\", tooltip=").append(quote(tooltip)).append(more).append("];\n");
    }

    private void edge(String indent, String from, String to, String label) {
        out.append(indent).append(from).append(" -> ").append(to).append(" [tooltip=").append(quote(label)).append("];\n");
    }

    private static String head(Chart.Head head) {
        String kind = switch (head.kind()) {
            case DENSE -> ", dense";
            case PLANNED -> ", planned";
            case MOD -> ", MoD";
            case OTHER -> "";
        };
        return head.title() + kind + (head.ratio().isPresent() ? String.format(Locale.ROOT, ", ratio %.4f", head.ratio().getAsDouble()) : "")
                + (head.kept().isEmpty() ? "" : ", " + Sizes.keptText(head));
    }

    /** A quoted string; a line break becomes one of the label. */
    static String quote(String text) {
        var quoted = new StringBuilder("\"");
        text.codePoints().forEach(c -> {
            switch (c) {
                case '"' -> quoted.append("\\\"");
                case '\\' -> quoted.append("\\\\");
                case '\n' -> quoted.append("\\n");
                default -> quoted.appendCodePoint(Character.isISOControl(c) || Character.getType(c) == Character.SURROGATE ? ' ' : c);
            }
        });
        return quoted.append('"').toString();
    }

    private static String oneLine(String text) {
        return text.replaceAll("\\p{Cntrl}", " ");
    }
}
