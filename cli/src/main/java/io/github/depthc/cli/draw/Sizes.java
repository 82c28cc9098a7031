// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

import java.util.List;

/** How large boxes are, so that their text fits. Lengths are in pixels at the picture's own size. */
final class Sizes {
    static final double TITLE = 13;
    static final double TEXT = 11;
    static final double HEAD = 14;
    static final double LINE = 15;
    static final double PAD_X = 11;
    static final double PAD_Y = 8;
    static final double PORT_HEIGHT = 22;
    /** From the shape of an op's result to its name. */
    static final double BESIDE = 16;
    static final double CARD_PAD = 18;
    static final double CARD_HEAD = 40;
    /** At the right of the body, for the way of the tokens that are skipped. */
    static final double LANE = 46;
    static final double ROW = 24;
    /** Columns of a heading: the name, what the layer is, its ratio as a bar and as a number, tokens kept, whose body it has. */
    static final double BADGE = 62;
    static final double BAR = 72;
    static final double RATIO = 50;

    private static final double LEAST_OP = 96;

    private Sizes() {
    }

    /** Width and height. */
    record Size(double width, double height) {
    }

    /** The size of an item; {@code body} is a card's. */
    static Size of(Chart.Item item, Layout body) {
        return switch (item) {
            case Chart.Port p -> new Size(TextWidth.of(p.name(), TEXT) + 2 * PAD_X, PORT_HEIGHT);
            case Chart.Op o -> op(o);
            case Chart.Card c -> card(c, body);
            case Chart.Stack s -> new Size(head(s.rows().stream().map(Chart.Row::head).toList()) + bodies(s) + 2 * PAD_X, s.rows().size() * ROW + 2 * 5);
        };
    }

    /** Where the columns of headings begin: badge, bar, ratio, kept, end; those that no heading needs have no width. */
    static double[] columns(List<Chart.Head> heads) {
        boolean badges = heads.stream().anyMatch(h -> h.kind() != Chart.Kind.OTHER);
        boolean ratios = heads.stream().anyMatch(h -> h.ratio().isPresent());
        double kept = heads.stream().mapToDouble(h -> TextWidth.of(keptText(h), TEXT)).max().orElse(0);
        double badge = heads.stream().mapToDouble(h -> TextWidth.bold(h.title(), HEAD)).max().orElse(0) + 12;
        double bar = badge + (badges ? BADGE : 0);
        double ratio = bar + (ratios ? BAR + 8 : 0);
        double keptAt = ratio + (ratios ? RATIO : 0);
        return new double[] {badge, bar, ratio, keptAt, keptAt + (kept > 0 ? kept + 12 : 0)};
    }

    static String keptText(Chart.Head head) {
        return head.kept().isEmpty() ? "" : "keeps " + head.kept();
    }

    /** What a row says about its body. */
    static String bodyText(Chart.Row row) {
        return row.body().isEmpty() ? "" : "body as in " + row.body();
    }

    private static double head(List<Chart.Head> heads) {
        return columns(heads)[4];
    }

    private static double bodies(Chart.Stack stack) {
        return stack.rows().stream().mapToDouble(r -> TextWidth.of(bodyText(r), TEXT)).max().orElse(0);
    }

    private static Size op(Chart.Op op) {
        double first = TextWidth.bold(op.title(), TITLE) + (op.shape().isEmpty() ? 0 : BESIDE + TextWidth.of(op.shape(), TEXT));
        double widest = op.details().stream().mapToDouble(d -> TextWidth.of(d, TEXT)).max().orElse(0);
        return new Size(Math.max(LEAST_OP, Math.max(first, widest) + 2 * PAD_X), 2 * PAD_Y + LINE + LINE * op.details().size());
    }

    private static Size card(Chart.Card card, Layout body) {
        double details = card.details().stream().mapToDouble(d -> TextWidth.of(d, TEXT)).max().orElse(0);
        double inner = Math.max(body.width() + (card.skipped().isPresent() ? LANE : 0), Math.max(details, head(List.of(card.head()))));
        return new Size(inner + 2 * CARD_PAD, bodyTop(card) + body.height() + CARD_PAD);
    }

    /** From a card's top to its body. */
    static double bodyTop(Chart.Card card) {
        return CARD_HEAD + LINE * card.details().size() + (card.details().isEmpty() ? 0 : 6) + 6;
    }
}
