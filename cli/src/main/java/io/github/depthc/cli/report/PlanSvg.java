// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import io.github.depthc.cli.plan.LayerPlan;
import io.github.depthc.cli.plan.PlanReport;
import java.util.Locale;

/**
 * The picture of a plan: one bar for each decoder layer, as high as the share of the prompt's tokens that it processes, the
 * totals above, and attention ranks below where they were measured. Self-contained SVG, for a page or a README alike; light
 * or dark as the viewer prefers.
 */
public final class PlanSvg {
    static final double WIDTH = 880;
    private static final double PAD = 28;
    private static final double LEFT = PAD + 40;
    private static final double RIGHT = WIDTH - PAD;
    private static final double TOTALS_TOP = 92;
    private static final double CHART_TITLE = 214;
    private static final double CHART_TOP = 244;
    private static final double CHART_HEIGHT = 190;
    private static final double RANK_TITLE_BELOW_AXIS = 84;
    private static final double RANK_HEIGHT = 84;

    private final PlanReport plan;
    private final LayerAxis axis;
    private final SvgWriter svg = new SvgWriter();

    private PlanSvg(PlanReport plan) {
        this.plan = plan;
        this.axis = new LayerAxis(plan.layers(), LEFT, RIGHT);
    }

    /** The picture, an {@code <svg>} element without XML declaration. */
    public static String of(PlanReport plan) {
        return new PlanSvg(plan).draw();
    }

    private String draw() {
        boolean ranks = plan.layers().stream().anyMatch(l -> l.arank().isPresent() && Double.isFinite(l.arank().getAsDouble()));
        double chartBottom = CHART_TOP + CHART_HEIGHT;
        double rankTitle = chartBottom + RANK_TITLE_BELOW_AXIS;
        double rankTop = rankTitle + 18;
        double height = (ranks ? rankTop + RANK_HEIGHT : chartBottom) + 62;
        open(height);
        heading();
        totals();
        chart(chartBottom);
        axis.labels(svg, chartBottom + 18);
        if (ranks) {
            new RankPanel(plan.layers(), axis, LEFT, RIGHT).draw(svg, rankTitle, rankTop, RANK_HEIGHT);
            axis.labels(svg, rankTop + RANK_HEIGHT + 18);
        }
        return svg.raw("</svg>\n").toString();
    }

    private void open(double height) {
        String size = SvgWriter.number(WIDTH) + "\" height=\"" + SvgWriter.number(height);
        svg.raw("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"depthc-plan\" width=\"" + size + "\" viewBox=\"0 0 "
                + SvgWriter.number(WIDTH) + " " + SvgWriter.number(height)
                + "\" role=\"img\" aria-labelledby=\"depthc-plan-title depthc-plan-desc\">\n");
        svg.raw("<title id=\"depthc-plan-title\">" + Markup.escape("Mixture-of-Depths plan of " + plan.info().name()) + "</title>\n");
        svg.raw("<desc id=\"depthc-plan-desc\">" + Markup.escape(description()) + "</desc>\n");
        svg.raw("<style>" + Styles.PLAN + "</style>\n");
        svg.raw("""
                <defs><pattern id="depthc-plan-skipped" width="6" height="6" patternUnits="userSpaceOnUse" \
                patternTransform="rotate(45)"><path class="hatch" d="M0 0V6"/></pattern>
                <pattern id="depthc-plan-bound" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">\
                <path class="bound-hatch" d="M1.5 0V6"/></pattern></defs>
                """);
        svg.rect("card", 0.5, 0.5, WIDTH - 1, height - 1, 10, "");
    }

    private String description() {
        int layers = plan.layers().size();
        String shape = "Bar chart of " + layers + (layers == 1 ? " decoder layer" : " decoder layers") + ". ";
        if (plan.modLayers() == 0) {
            return shape + "All layers are dense: every token is processed in every layer.";
        }
        boolean one = plan.modLayers() == 1;
        return shape + "Mixture-of-Depths: " + (one ? "layer " : "layers ") + Shares.modLayers(plan) + ", which "
                + Shares.range(plan, one) + ". All others are dense. " + of(plan.flops(), plan.denseFlops()) + " of the dense FLOPs, "
                + of(plan.kvBytes(), plan.denseKvBytes()) + " of the dense KV cache.";
    }

    private void heading() {
        svg.text("h", PAD, 46, Markup.fit(plan.info().name(), 64));
        String prompt = "prompt of " + Scale.count(plan.mix().tokens()) + (plan.mix().tokens() == 1 ? " token" : " tokens")
                + (plan.modLayers() == 0 ? "" : ", " + Scale.count(plan.mix().candidates()) + " of them may be skipped");
        int layers = plan.layers().size();
        String kinds = plan.modLayers() == 0 ? layers + (layers == 1 ? " decoder layer" : " decoder layers") + ", dense"
                : plan.modLayers() + " of " + layers + (layers == 1 ? " decoder layer is" : " decoder layers are") + " Mixture-of-Depths";
        svg.text("sub", PAD, 68, kinds + " · " + prompt);
    }

    private void totals() {
        double gap = 28;
        double width = (RIGHT - PAD - 2 * gap) / 3;
        Scale kv = Scale.bytes(plan.denseKvBytes());
        total(PAD, width, "FLOPs, linear layers and LM head", plan.flops(), plan.denseFlops(), Scale.flops(plan.denseFlops()));
        total(PAD + width + gap, width, "FLOPs, attention scores", plan.attentionFlops(), plan.denseAttentionFlops(),
                Scale.flops(plan.denseAttentionFlops()));
        total(PAD + 2 * (width + gap), width, "KV cache, F32", plan.kvBytes(), plan.denseKvBytes(), kv);
    }

    private void total(double x, double width, String label, double value, double dense, Scale scale) {
        svg.text("label", x, TOTALS_TOP + 10, label);
        svg.text("big", x, TOTALS_TOP + 42, of(value, dense));
        svg.text("note", x, TOTALS_TOP + 78, "of dense: " + scale.number(value) + " of " + scale.number(dense) + " " + scale.unit());
        svg.rect("track", x, TOTALS_TOP + 53, width, 6, 3, "");
        double share = dense > 0 ? Math.clamp(value / dense, 0, 1) : 0;
        if (share > 0) {
            // below its own height a rounded bar would bulge
            svg.rect(plan.modLayers() == 0 ? "dense" : "mod", x, TOTALS_TOP + 53, Math.max(6, width * share), 6, 3, "");
        }
    }

    private void chart(double bottom) {
        svg.text("label strong", PAD, CHART_TITLE, "Prompt tokens processed, by layer");
        legend();
        for (int percent = 0; percent <= 100; percent += 25) {
            double y = bottom - CHART_HEIGHT * percent / 100;
            svg.rule(percent == 0 ? "base" : "grid", LEFT, RIGHT, y);
            svg.text("tick end", LEFT - 8, y + 4, percent + "%");
        }
        if (axis.isTight()) {
            // neighbours touch: soft edges would leave seams between them
            svg.raw("<g shape-rendering=\"crispEdges\">\n");
        }
        for (int i = 0; i < plan.layers().size(); i++) {
            bar(i, plan.layers().get(i), bottom);
        }
        if (axis.isTight()) {
            svg.raw("</g>\n");
        }
    }

    private void bar(int i, LayerPlan layer, double bottom) {
        double share = Shares.of(layer, plan);
        double height = CHART_HEIGHT * share;
        double x = axis.left(i);
        double width = axis.width(i);
        String tooltip = tooltip(layer, share);
        if (!layer.mod()) {
            svg.rect("dense", x, bottom - height, width, height, 0, tooltip);
            return;
        }
        if (Shares.isBound(layer)) {
            svg.rect("bound", x, bottom - height, width, height, 0, tooltip);
            return;
        }
        if (share < 1) {
            svg.rect("skipped", x, bottom - CHART_HEIGHT, width, CHART_HEIGHT - height, 0, tooltip);
        }
        svg.rect("mod", x, bottom - height, width, height, 0, tooltip);
        if (axis.fitsLabels()) {
            String label = Scale.percent(share, 1, 0);
            svg.text("value", axis.middle(i), bottom - height - 5, axis.fitsUnits() ? label : label.replace("%", ""));
        }
    }

    private String tooltip(LayerPlan layer, double share) {
        String tokens = Scale.count(layer.kept()) + " of " + Scale.count(plan.mix().tokens()) + " tokens (" + Scale.percent(share, 1, 1) + ")";
        if (!layer.mod()) {
            return "Layer " + layer.index() + ": dense, " + tokens;
        }
        String ratio = layer.ratio().isPresent() ? ", ratio " + String.format(Locale.ROOT, "%.4f", layer.ratio().getAsDouble()) : "";
        return "Layer " + layer.index() + ": Mixture-of-Depths" + ratio + ", " + (Shares.isBound(layer) ? "at most " : "") + tokens;
    }

    private void legend() {
        boolean bound = Shares.isBound(plan);
        boolean fixed = plan.layers().stream().anyMatch(l -> l.mod() && !Shares.isBound(l));
        boolean dense = plan.layers().stream().anyMatch(l -> !l.mod());
        double x = RIGHT;
        if (bound) {
            x = legendEntry(x, "bound", "at most (threshold)", 122);
        }
        if (fixed) {
            x = legendEntry(x, "skipped edge", "tokens skipped", 90);
            x = legendEntry(x, "mod", "Mixture-of-Depths", 114);
        }
        if (dense) {
            legendEntry(x, "dense", "dense", 38);
        }
    }

    /** Draws an entry that ends at {@code right}; {@code width} is the text's at this size, with a little to spare. */
    private double legendEntry(double right, String style, String text, double width) {
        double x = right - width - 18;
        svg.rect(style, x, CHART_TITLE - 10, 12, 12, 0, "");
        svg.text("note", x + 18, CHART_TITLE, text);
        return x - 16;
    }

    private String of(double part, double whole) {
        return (Shares.isBound(plan) ? "≤ " : "") + Scale.percent(part, whole, 1);
    }
}
