// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.cli.plan.LayerPlan;
import io.github.depthc.cli.plan.PlanReport;
import io.github.depthc.passes.builtin.allocate.AllocationTrace;
import io.github.depthc.passes.builtin.allocate.AllocationTrace.Tried;
import io.github.depthc.passes.builtin.allocate.Observed;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** What the charts of a page draw: a part for each {@link Chart} that the page has, with numbers in the unit that the axis names and the texts of tooltips. */
final class ChartData {
    /** Losses span at most this many powers of ten; smaller ones are drawn at the bottom. */
    private static final int MOST_DECADES = 6;
    private static final double THOUSANDTH = 1e3;

    private final PlanReport plan;
    private final ObjectNode out = JsonNodeFactory.instance.objectNode();

    private ChartData(PlanReport plan) {
        this.plan = plan;
    }

    static ObjectNode of(PlanReport plan, ReportFacts facts) {
        return new ChartData(plan).all(facts);
    }

    private ObjectNode all(ReportFacts facts) {
        layers();
        if (hasRanks(plan)) {
            ranks();
        }
        if (plan.modLayers() > 0) {
            totals(facts.measured());
            Scale flops = Scale.flops(largest(l -> l.denseFlops() + l.denseAttentionFlops()));
            bars(Chart.FLOPS, flops, l -> l.flops() + l.attentionFlops(), l -> l.denseFlops() + l.denseAttentionFlops());
            if (plan.denseKvBytes() > 0) {
                bars(Chart.KV, Scale.bytes(largest(LayerPlan::denseKvBytes)), LayerPlan::kvBytes, LayerPlan::denseKvBytes);
            }
        }
        facts.allocation().ifPresent(this::tried);
        facts.measured().observed().filter(o -> plan.modLayers() > 0).ifPresent(o -> {
            kept(o.kept());
            times(o.times());
        });
        return out;
    }

    /** Whether attention ranks were measured. */
    static boolean hasRanks(PlanReport plan) {
        return plan.layers().stream().anyMatch(l -> l.arank().isPresent() && Double.isFinite(l.arank().getAsDouble()));
    }

    private ObjectNode part(Chart chart) {
        return out.putObject(chart.name().toLowerCase(Locale.ROOT));
    }

    private void layers() {
        ArrayNode layers = part(Chart.LAYERS).putArray("layers");
        for (LayerPlan l : plan.layers()) {
            double share = Shares.of(l, plan);
            layers.addObject().put("layer", l.index()).put("kind", !l.mod() ? "dense" : Shares.isBound(l) ? "bound" : "mod").put("share", share)
                    .put("label", Scale.percent(share, 1, 0)).put("tip", tip(l, share));
        }
    }

    private String tip(LayerPlan layer, double share) {
        String tokens = Scale.count(layer.kept()) + " of " + Scale.count(plan.mix().tokens()) + " tokens (" + Scale.percent(share, 1, 1) + ")";
        if (!layer.mod()) {
            return "dense, " + tokens;
        }
        String ratio = layer.ratio().isPresent() ? ", ratio " + String.format(Locale.ROOT, "%.4f", layer.ratio().getAsDouble()) : "";
        return "Mixture-of-Depths" + ratio + ", " + (Shares.isBound(layer) ? "at most " : "") + tokens;
    }

    private void ranks() {
        ArrayNode values = part(Chart.ARANK).putArray("values");
        for (LayerPlan l : plan.layers()) {
            if (l.arank().isPresent() && Double.isFinite(l.arank().getAsDouble())) {
                values.add(l.arank().getAsDouble());
            } else {
                values.addNull();
            }
        }
    }

    private void totals(Measured measured) {
        ArrayNode bars = part(Chart.TOTALS).putArray("bars");
        total(bars, "FLOPs, linear", plan.flops(), plan.denseFlops(), Scale.flops(plan.denseFlops()));
        total(bars, "FLOPs, attention", plan.attentionFlops(), plan.denseAttentionFlops(), Scale.flops(plan.denseAttentionFlops()));
        total(bars, "KV cache", plan.kvBytes(), plan.denseKvBytes(), Scale.bytes(plan.denseKvBytes()));
        measured.observed().map(Observed::times).ifPresent(t -> total(bars, "Time of layers", t.routed(), t.dense(), Scale.seconds(t.dense())));
    }

    private void total(ArrayNode bars, String label, double value, double dense, Scale scale) {
        if (dense > 0) {
            String bound = Shares.isBound(plan) ? "≤ " : "";
            bars.addObject().put("label", label).put("share", value / dense).put("text", bound + Scale.percent(value, dense, 1))
                    .put("tip", bound + scale.number(value) + " of " + scale.number(dense) + " " + scale.unit());
        }
    }

    private void bars(Chart chart, Scale scale, ToDoubleFunction<LayerPlan> value, ToDoubleFunction<LayerPlan> dense) {
        ObjectNode part = part(chart).put("unit", scale.unit());
        ArrayNode layers = part.putArray("labels");
        ArrayNode values = part.putArray("plan");
        ArrayNode whole = part.putArray("dense");
        for (LayerPlan l : plan.layers()) {
            layers.add(Integer.toString(l.index()));
            values.add(value.applyAsDouble(l) / scale.divisor());
            whole.add(dense.applyAsDouble(l) / scale.divisor());
        }
    }

    private void tried(AllocationTrace trace) {
        double most = trace.tried().stream().mapToDouble(Tried::loss).max().orElse(1);
        int top = most > 0 ? (int) Math.ceil(Math.log10(most)) : 0;
        double least = trace.tried().stream().mapToDouble(Tried::loss).filter(k -> k > 0).min().orElse(1);
        int bottom = Math.clamp((int) Math.floor(Math.log10(least)), top - MOST_DECADES, top - 1);
        ObjectNode part = part(Chart.TRIED).put("x", "share of the dense " + trace.of().brief()).put("y", trace.answer().distanceAndUnit()).put("low", Math.pow(10, bottom))
                .put("high", Math.pow(10, top)).put("budget", trace.budget());
        ArrayNode points = part.putArray("points");
        trace.tried().forEach(t -> point(points, t, trace));
        ArrayNode front = part.putArray("front");
        trace.front().forEach(t -> point(front, t, trace));
        point(part.putArray("chosen"), trace.chosen(), trace);
    }

    private static void point(ArrayNode points, Tried t, AllocationTrace trace) {
        points.addObject().put("share", t.share()).put("loss", t.loss()).put("layers", t.layers().size())
                .put("tip", Losses.skipping(t) + ": " + trace.answer().brief() + " " + Losses.number(t.loss()) + " at " + Scale.percent(t.share(), 1, 1));
    }

    private void kept(Observed.Kept kept) {
        ObjectNode part = part(Chart.KEPT).put("prompts", kept.prompts()).put("longest", kept.longest()).put("width", kept.width());
        ArrayNode layers = part.putArray("layers");
        for (Observed.LayerKept l : kept.layers()) {
            ArrayNode shares = layers.addObject().put("layer", l.layer()).putArray("shares");
            l.shares().forEach(s -> shares.add(Math.round(s * THOUSANDTH) / THOUSANDTH));
        }
    }

    private void times(Observed.Times times) {
        Scale scale = Scale.seconds(times.parts().stream().mapToDouble(p -> Math.max(p.dense(), p.routed())).max().orElse(0));
        ObjectNode part = part(Chart.TIME).put("unit", scale.unit());
        ArrayNode labels = part.putArray("labels");
        ArrayNode values = part.putArray("plan");
        ArrayNode dense = part.putArray("dense");
        for (Observed.PartTime p : times.parts()) {
            labels.add(TimeTable.layers(p));
            values.add(p.routed() / scale.divisor());
            dense.add(p.dense() / scale.divisor());
        }
    }

    private double largest(ToDoubleFunction<LayerPlan> of) {
        return plan.layers().stream().mapToDouble(of).max().orElse(0);
    }
}
