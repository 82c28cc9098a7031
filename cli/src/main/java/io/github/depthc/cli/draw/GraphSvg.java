// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

import io.github.depthc.cli.report.Markup;
import io.github.depthc.ir.Model;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/** A model's graph as a self-contained SVG, light or dark as the viewer prefers. */
public final class GraphSvg {
    private static final double MARGIN = 28;
    private static final double LEAST_WIDTH = 560;
    private static final double CHART_TOP = 118;
    private static final double ARROW = 6;
    private static final double RADIUS = 6;

    private final SvgWriter svg = new SvgWriter();

    private GraphSvg() {
    }

    /** The picture, with XML declaration. {@link io.github.depthc.ir.InputException} for a graph too large to look at. */
    public static String of(Model model) {
        return new GraphSvg().draw(Pictures.of(model));
    }

    private String draw(Picture picture) {
        Layout layout = Layout.of(picture.chart());
        Set<Category> used = new TreeSet<>();
        collect(picture.chart(), used);
        double legend = used.stream().mapToDouble(GraphSvg::legendWidth).sum();
        double width = Math.max(Math.max(layout.width(), LEAST_WIDTH), Math.max(legend, TextWidth.of(picture.subtitle(), 13))) + 2 * MARGIN;
        double height = CHART_TOP + layout.height() + MARGIN;
        String size = SvgWriter.number(width) + "\" height=\"" + SvgWriter.number(height);
        svg.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"depthc-graph\" width=\"" + size
                + "\" viewBox=\"0 0 " + SvgWriter.number(width) + " " + SvgWriter.number(height)
                + "\" role=\"img\" aria-labelledby=\"depthc-graph-title\">\n");
        svg.raw("<title id=\"depthc-graph-title\">" + Markup.escape("Graph of " + picture.title()) + "</title>\n");
        svg.raw("<style>" + GraphStyles.of(used) + "</style>\n");
        svg.rect("page", 0, 0, width, height, 0, "");
        svg.text("h", MARGIN, 44, Markup.fit(picture.title(), 64));
        svg.text("sub", MARGIN, 66, Markup.fit(picture.subtitle(), 120));
        double x = MARGIN;
        for (Category c : used) {
            svg.rect("op " + c.style(), x, 81, 12, 12, 3, "");
            svg.text("note", x + 18, 91, c.label());
            x += legendWidth(c);
        }
        chart(layout, (width - layout.width()) / 2, CHART_TOP);
        return svg.raw("</svg>\n").toString();
    }

    private static double legendWidth(Category c) {
        return 18 + TextWidth.of(c.label(), Sizes.TEXT) + 18;
    }

    private static void collect(Chart chart, Set<Category> used) {
        for (Chart.Item item : chart.items()) {
            if (item instanceof Chart.Op op) {
                used.add(op.category());
            } else if (item instanceof Chart.Card card) {
                collect(card.body(), used);
            }
        }
    }

    private void chart(Layout layout, double left, double top) {
        for (int i = 0; i < layout.routes().size(); i++) {
            link(layout.routes().get(i).points(), layout.chart().links().get(i).label(), left, top);
        }
        for (int i = 0; i < layout.boxes().size(); i++) {
            Layout.Box at = layout.boxes().get(i);
            var box = new Layout.Box(left + at.x(), top + at.y(), at.width(), at.height());
            switch (layout.chart().items().get(i)) {
                case Chart.Port p -> port(p, box);
                case Chart.Op o -> op(o, box);
                case Chart.Card c -> card(c, box, layout.bodies().get(i));
                case Chart.Stack s -> stack(s, box);
            }
        }
    }

    private void port(Chart.Port port, Layout.Box box) {
        svg.rect("port", box.x(), box.y(), box.width(), box.height(), box.height() / 2, port.tooltip());
        svg.text("text mid pass", box.middle(), box.y() + 15, port.name());
    }

    private void op(Chart.Op op, Layout.Box box) {
        svg.rect("op " + op.category().style(), box.x(), box.y(), box.width(), box.height(), RADIUS, op.tooltip());
        double y = box.y() + Sizes.PAD_Y + 11;
        svg.text("title pass", box.x() + Sizes.PAD_X, y, op.title());
        if (!op.shape().isEmpty()) {
            svg.text("note end pass", box.x() + box.width() - Sizes.PAD_X, y, op.shape());
        }
        for (String line : op.details()) {
            y += Sizes.LINE;
            svg.text("text pass", box.x() + Sizes.PAD_X, y, line);
        }
    }

    private void card(Chart.Card card, Layout.Box box, Layout body) {
        svg.rect("card " + style(card.head().kind()), box.x(), box.y(), box.width(), box.height(), 12, "");
        head(card.head(), Sizes.columns(List.of(card.head())), box.x() + Sizes.CARD_PAD, box.y() + 26);
        double y = box.y() + Sizes.CARD_HEAD + 10;
        for (String line : card.details()) {
            svg.text("text", box.x() + Sizes.CARD_PAD, y, line);
            y += Sizes.LINE;
        }
        double room = box.width() - 2 * Sizes.CARD_PAD - (card.skipped().isPresent() ? Sizes.LANE : 0);
        double left = box.x() + Sizes.CARD_PAD + (room - body.width()) / 2;
        double top = box.y() + Sizes.bodyTop(card);
        card.skipped().ifPresent(text -> lane(text, body, left, top, box.x() + box.width() - Sizes.CARD_PAD - Sizes.LANE / 2 + 8));
        chart(body, left, top);
    }

    /** The way of the tokens that are skipped, round the body. */
    private void lane(String text, Layout body, double left, double top, double x) {
        Layout.Box in = null;
        Layout.Box out = null;
        for (int i = 0; i < body.boxes().size(); i++) {
            if (body.chart().items().get(i) instanceof Chart.Port p) {
                in = !p.result() && in == null ? body.boxes().get(i) : in;
                out = p.result() && out == null ? body.boxes().get(i) : out;
            }
        }
        if (in == null || out == null) {
            return;
        }
        double y1 = top + in.y() + in.height() / 2;
        double y2 = top + out.y() + out.height() / 2;
        double tip = left + out.x() + out.width();
        svg.path("lane", "M" + point(left + in.x() + in.width(), y1) + " H" + SvgWriter.number(x - 14) + " Q" + point(x, y1) + " " + point(x, y1 + 14)
                + " V" + SvgWriter.number(y2 - 14) + " Q" + point(x, y2) + " " + point(x - 14, y2) + " H" + SvgWriter.number(tip + ARROW));
        svg.path("lane-tip", "M" + point(tip, y2) + " l" + point(ARROW, -ARROW / 2) + " v" + SvgWriter.number(ARROW) + " Z");
        svg.raw("<text class=\"lane-text\" transform=\"translate(" + SvgWriter.number(x + 14) + " " + SvgWriter.number((y1 + y2) / 2)
                + ") rotate(90)\">" + Markup.escape(text) + "</text>\n");
    }

    private void stack(Chart.Stack stack, Layout.Box box) {
        svg.rect("card other", box.x(), box.y(), box.width(), box.height(), 10, "");
        double[] columns = Sizes.columns(stack.rows().stream().map(Chart.Row::head).toList());
        double y = box.y() + 5;
        for (int i = 0; i < stack.rows().size(); i++) {
            Chart.Row row = stack.rows().get(i);
            if (i > 0) {
                svg.rule("rule", box.x() + Sizes.PAD_X, box.x() + box.width() - Sizes.PAD_X, y);
            }
            head(row.head(), columns, box.x() + Sizes.PAD_X, y + 16.5);
            svg.text("note", box.x() + Sizes.PAD_X + columns[4], y + 16.5, Sizes.bodyText(row));
            y += Sizes.ROW;
        }
    }

    /** A heading whose base line is at y. */
    private void head(Chart.Head head, double[] columns, double x, double y) {
        svg.text(head.kind() == Chart.Kind.OTHER ? "head other" : "head", x, y, head.title());
        if (head.kind() != Chart.Kind.OTHER) {
            svg.rect("badge " + style(head.kind()), x + columns[0], y - 12.5, 50, 17, 8.5, head.tooltip());
            svg.text("badge-text pass " + style(head.kind()), x + columns[0] + 25, y - 0.5, badge(head.kind()));
        }
        if (head.ratio().isPresent()) {
            double ratio = head.ratio().getAsDouble();
            svg.rect("track", x + columns[1], y - 8, Sizes.BAR, 7, 3.5, "");
            if (ratio > 0) {
                svg.rect("bar", x + columns[1], y - 8, Math.max(7, Sizes.BAR * ratio), 7, 3.5, "");
            }
            svg.text("text", x + columns[2], y, String.format(Locale.ROOT, "%.4f", ratio));
        }
        svg.text("note", x + columns[3], y, Sizes.keptText(head));
    }

    private void link(List<Layout.Point> points, String label, double left, double top) {
        var path = new StringBuilder();
        for (int i = 0; i < points.size(); i++) {
            Layout.Point p = points.get(i);
            double y = top + p.y() - (i == points.size() - 1 ? ARROW : 0);
            if (i == 0) {
                path.append('M').append(point(left + p.x(), y));
            } else if (i % 2 == 1) {
                path.append(" V").append(SvgWriter.number(y));
            } else {
                Layout.Point before = points.get(i - 1);
                double half = (before.y() + p.y()) / 2 + top;
                path.append(" C").append(point(left + before.x(), half)).append(' ').append(point(left + p.x(), half)).append(' ')
                        .append(point(left + p.x(), y));
            }
        }
        Layout.Point end = points.getLast();
        svg.path("link", path.toString(), label);
        svg.path("tip", "M" + point(left + end.x(), top + end.y()) + " l" + point(-ARROW / 2, -ARROW) + " h" + SvgWriter.number(ARROW) + " Z");
    }

    private static String badge(Chart.Kind kind) {
        return switch (kind) {
            case DENSE -> "dense";
            case PLANNED -> "planned";
            case MOD -> "MoD";
            case OTHER -> "";
        };
    }

    private static String style(Chart.Kind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }

    private static String point(double x, double y) {
        return SvgWriter.number(x) + " " + SvgWriter.number(y);
    }
}
