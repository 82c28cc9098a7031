// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import io.github.depthc.cli.plan.PlanReport;
import io.github.depthc.passes.builtin.allocate.AllocationTrace;
import io.github.depthc.passes.builtin.allocate.Observed;
import java.util.Locale;

/** The figures of a page: frames for the charts that {@code report.js} draws, with what they show in words. */
final class Figures {
    private final PlanReport plan;
    private final ReportFacts facts;

    Figures(PlanReport plan, ReportFacts facts) {
        this.plan = plan;
        this.facts = facts;
    }

    /** The totals in large figures, what each layer processes, and attention ranks where they were measured. */
    String plan() {
        return tiles() + Chart.LAYERS.figure(plan, description(), "Prompt of " + Scale.count(plan.mix().tokens()) + (plan.mix().tokens() == 1 ? " token" : " tokens")
                + (plan.modLayers() == 0 ? "." : ", " + Scale.count(plan.mix().candidates()) + " of them may be skipped."))
                + (ChartData.hasRanks(plan) ? Chart.ARANK.figure(plan, "Line chart of the mean rank of each layer's attention maps; the table below has the numbers.",
                "Mean rank of the attention maps; low: the layer mixes few distinct patterns.") : "");
    }

    private String tiles() {
        return "<div class=\"tiles\">\n" + tile("FLOPs, linear layers and LM head", plan.flops(), plan.denseFlops(), Scale.flops(plan.denseFlops()))
                + tile("FLOPs, attention scores", plan.attentionFlops(), plan.denseAttentionFlops(), Scale.flops(plan.denseAttentionFlops()))
                + (plan.denseKvBytes() > 0 ? tile("KV cache, F32", plan.kvBytes(), plan.denseKvBytes(), Scale.bytes(plan.denseKvBytes())) : "") + "</div>\n";
    }

    private String tile(String label, double value, double dense, Scale scale) {
        return "<div class=\"card tile\"><p>" + Markup.escape(label) + "</p><p class=\"big\">" + Markup.escape(share(value, dense)) + "</p><p>of dense: " + scale.number(value) + " of "
                + scale.number(dense) + " " + scale.unit() + "</p></div>\n";
    }

    private String description() {
        int layers = plan.layers().size();
        String shape = "Bar chart of " + layers + (layers == 1 ? " decoder layer" : " decoder layers") + ". ";
        if (plan.modLayers() == 0) {
            return shape + "All layers are dense: every token is processed in every layer.";
        }
        boolean one = plan.modLayers() == 1;
        return shape + "Mixture-of-Depths: " + (one ? "layer " : "layers ") + Shares.modLayers(plan) + ", which "
                + Shares.range(plan, one) + ". All others are dense. " + share(plan.flops(), plan.denseFlops()) + " of the dense FLOPs, "
                + share(plan.kvBytes(), plan.denseKvBytes()) + " of the dense KV cache.";
    }

    private String share(double part, double whole) {
        return (Shares.isBound(plan) ? "≤ " : "") + Scale.percent(part, whole, 1);
    }

    /** What is left of the dense model. */
    String totals() {
        return plan.modLayers() == 0 ? "" : Chart.TOTALS.figure(plan, "Bar chart of the plan's totals as shares of the dense model's; the table below has the numbers.", "");
    }

    /** FLOPs, cache and time of each layer beside those of the dense one. */
    String costs() {
        if (plan.modLayers() == 0) {
            return "";
        }
        String shape = "Bar chart, two bars for each layer: as converted, and dense. The table %s has the numbers.";
        String out = Chart.FLOPS.figure(plan, shape.formatted("layer by layer"), "Linear layers and attention scores.")
                + (plan.denseKvBytes() > 0 ? Chart.KV.figure(plan, shape.formatted("layer by layer"), "Keys and values in F32.") : "");
        return facts.measured().observed().map(Observed::times).map(t -> out + Chart.TIME.figure(plan, shape.formatted("below"), timed(t)) + TimeTable.of(t)).orElse(out);
    }

    private String timed(Observed.Times times) {
        return "A calibration prompt of " + Scale.count(times.tokens()) + " tokens, median of " + times.runs() + " runs on the machine that converted (" + facts.measured().said()
                + "). Before the first layer and behind the last, the model takes time too; another machine or length gives other shares. depthc bench measures the whole.";
    }

    /** Which tokens the layers keep, or why that is not shown. */
    String kept() {
        return facts.measured().observed().map(Observed::kept).map(k -> Chart.KEPT.figure(plan, description(k), "") + "<p class=\"note\">never kept<span class=\"ramp\"></span>always kept. "
                + Markup.escape(counted(k)) + "</p>\n" + KeptTable.of(k)).orElseGet(() -> "<p>" + Markup.escape("Not shown: " + facts.measured().said()) + "</p>\n");
    }

    private static String counted(Observed.Kept kept) {
        return (kept.prompts() == 1 ? "Of one calibration prompt, of " + Scale.count(kept.longest()) + " tokens"
                : "Shares of " + kept.prompts() + " calibration prompts, the longest of " + Scale.count(kept.longest()) + " tokens; where one has ended it is not counted")
                + (kept.width() > 1 ? ". A cell stands for " + kept.width() + " positions." : ".");
    }

    private static String description(Observed.Kept kept) {
        return "Heat map: for each of " + kept.layers().size() + " layers and each position of the prompt, how often the layer keeps the token there.";
    }

    /** Everything that was tried. */
    String tried(AllocationTrace trace) {
        return Chart.TRIED.figure("What was tried: " + trace.answer().brief() + " against " + trace.of().brief(), plan,
                "Scatter chart of " + trace.tried().size() + " combinations. Chosen: " + Losses.skipping(trace.chosen()) + ": " + trace.answer().brief() + " "
                        + Losses.number(trace.chosen().loss()) + " at " + Scale.percent(trace.chosen().share(), 1, 1) + ".",
                String.format(Locale.ROOT, "A point for each combination; up: %s; to the right: the share of %s. The line joins those that nothing tried beats. Chosen: %s %s at %s.",
                        trace.answer().distanceAndUnit(), trace.of().ofDense(), trace.answer().brief(), trace.answer().withUnit(Losses.number(trace.chosen().loss())), Scale.percent(trace.chosen().share(), 1, 1))) + TriedTable.of(trace);
    }
}
