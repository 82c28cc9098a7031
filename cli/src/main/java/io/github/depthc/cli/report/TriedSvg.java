// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.builtin.allocate.AllocationTrace;
import io.github.depthc.passes.builtin.allocate.AllocationTrace.Tried;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The picture of everything that was tried: the loss against the share of the cost that is left, a point each, a line through those that nothing
 * beats, and the choice marked. The loss is drawn on a logarithmic scale. For the page of {@link PlanSvg}, whose style it shares.
 */
final class TriedSvg {
    private static final double PAD = 28;
    private static final double LEFT = PAD + 52;
    private static final double RIGHT = PlanSvg.WIDTH - PAD;
    private static final double TITLE = 46;
    private static final double TOP = 92;
    private static final double HEIGHT = 260;
    private static final double BOTTOM = TOP + HEIGHT;
    private static final int MOST_DECADES = 6;
    private static final int MOST_NAMED = 8;
    /** The axis of shares begins and ends at multiples of this, in percent. */
    private static final int STEP = 5;
    private static final int MOST_TICKS = 12;
    private static final double LEAST = 1e-6;

    private final AllocationTrace trace;
    private final int top;
    private final int bottom;
    private final int from;
    private final int to;
    private final SvgWriter svg = new SvgWriter();

    private TriedSvg(AllocationTrace trace) {
        this.trace = trace;
        double most = trace.tried().stream().mapToDouble(Tried::loss).max().orElse(1);
        top = most > 0 ? (int) Math.ceil(Math.log10(most)) : 0;
        double least = trace.tried().stream().mapToDouble(Tried::loss).filter(k -> k > 0).min().orElse(1);
        bottom = Math.clamp((int) Math.floor(Math.log10(least)), top - MOST_DECADES, top - 1);
        double low = Math.min(trace.budget(), trace.tried().stream().mapToDouble(Tried::share).min().orElse(0));
        double high = trace.tried().stream().mapToDouble(Tried::share).max().orElse(1);
        from = STEP * (int) Math.floor(100 * low / STEP);
        to = Math.max(from + STEP, STEP * (int) Math.ceil(100 * high / STEP));
    }

    /** The picture, an {@code <svg>} element without XML declaration. */
    static String of(AllocationTrace trace) {
        return new TriedSvg(trace).draw();
    }

    private String draw() {
        double height = BOTTOM + 62;
        svg.raw("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"depthc-plan\" width=\"" + SvgWriter.number(PlanSvg.WIDTH) + "\" height=\""
                + SvgWriter.number(height) + "\" viewBox=\"0 0 " + SvgWriter.number(PlanSvg.WIDTH) + " " + SvgWriter.number(height)
                + "\" role=\"img\" aria-labelledby=\"depthc-tried-title depthc-tried-desc\">\n");
        svg.raw("<title id=\"depthc-tried-title\">What was tried: " + trace.answer().brief() + " against " + trace.of().brief() + "</title>\n");
        svg.raw("<desc id=\"depthc-tried-desc\">" + Markup.escape(description()) + "</desc>\n");
        svg.rect("card", 0.5, 0.5, PlanSvg.WIDTH - 1, height - 1, 10, "");
        svg.text("label strong", PAD, TITLE, "What was tried: " + trace.answer().distance() + ", by the share of the dense " + trace.of().brief() + " that is left");
        legend();
        axes();
        points();
        return svg.raw("</svg>\n").toString();
    }

    private String description() {
        return "Scatter chart of " + trace.tried().size() + " combinations. Chosen: " + tooltip(trace.chosen());
    }

    private void legend() {
        double y = TITLE + 22;
        svg.dot("tried", PAD + 6, y - 4, 3.5, "").text("note", PAD + 17, y, "one layer skips");
        svg.dot("mod", PAD + 126, y - 4, 3.5, "").text("note", PAD + 137, y, "several do");
        svg.path("front", "M" + SvgWriter.number(PAD + 218) + " " + SvgWriter.number(y - 4) + "h22").text("note", PAD + 247, y, "nothing tried beats these");
        svg.dot("chosen", PAD + 418, y - 4, 6, "").text("note", PAD + 431, y, "chosen: " + trace.answer().brief() + " " + number(trace.chosen().loss()) + " at "
                + Scale.percent(trace.chosen().share(), 1, 1));
    }

    private void axes() {
        for (int decade = bottom; decade <= top; decade++) {
            double y = y(Math.pow(10, decade));
            svg.rule(decade == bottom ? "base" : "grid", LEFT, RIGHT, y);
            svg.text("tick end", LEFT - 8, y + 4, decade < -4 ? "1e" + decade : new BigDecimal(BigInteger.ONE, -decade).toPlainString());
        }
        int step = STEP * (((to - from) / STEP + MOST_TICKS - 1) / MOST_TICKS);
        for (int percent = from; percent <= to; percent += step) {
            svg.text("tick mid", x(percent / 100.0), BOTTOM + 18, percent + "%");
        }
        svg.text("note mid", (LEFT + RIGHT) / 2, BOTTOM + 40, "share of " + trace.of().ofDense() + ", of a calibration prompt");
        svg.path("budget", "M" + SvgWriter.number(x(trace.budget())) + " " + SvgWriter.number(TOP) + "V" + SvgWriter.number(BOTTOM),
                "Budget: " + Scale.percent(trace.budget(), 1, 1));
        svg.text("note", x(trace.budget()) + 5, TOP + 11, "budget");
    }

    private void points() {
        for (Tried t : trace.tried()) {
            if (t != trace.chosen()) {
                svg.dot(t.layers().size() > 1 ? "mod" : "tried", x(t.share()), y(t.loss()), 3.5, tooltip(t));
            }
        }
        List<Tried> front = trace.front();
        var line = new StringBuilder();
        for (Tried t : front) {
            line.append(line.isEmpty() ? 'M' : 'L').append(SvgWriter.number(x(t.share()))).append(' ').append(SvgWriter.number(y(t.loss())));
        }
        svg.path("front", line.toString());
        svg.dot("mod", x(trace.chosen().share()), y(trace.chosen().loss()), 3.5, "");
        svg.dot("chosen", x(trace.chosen().share()), y(trace.chosen().loss()), 7, "Chosen: " + tooltip(trace.chosen()));
    }

    private String tooltip(Tried t) {
        String layers = t.layers().stream().limit(MOST_NAMED).map(s -> "layer " + s.layer() + " keeps " + Scale.percent(s.ratio(), 1, 1)
                + (s.kv() == Routing.SkippedKv.KEEP ? "" : " and drops keys and values")).collect(Collectors.joining(", "));
        return (layers.isEmpty() ? "no layer skips" : layers) + (t.layers().size() > MOST_NAMED ? " and " + (t.layers().size() - MOST_NAMED) + " more" : "") + ": " + trace.answer().brief() + " "
                + number(t.loss()) + " at " + Scale.percent(t.share(), 1, 1);
    }

    /** A loss in words; what is no more than rounding is not told apart. */
    static String number(double loss) {
        return loss >= 1e-4 ? String.format(Locale.ROOT, "%.4f", loss) : loss >= LEAST ? String.format(Locale.ROOT, "%.1e", loss) : "<1e-6";
    }

    private double x(double share) {
        return LEFT + (RIGHT - LEFT) * (100 * share - from) / (to - from);
    }

    private double y(double loss) {
        double decade = loss > 0 ? Math.max(bottom, Math.log10(loss)) : bottom;
        return BOTTOM - HEIGHT * (decade - bottom) / (top - bottom);
    }
}
