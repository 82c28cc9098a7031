// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import io.github.depthc.cli.plan.LayerPlan;
import io.github.depthc.cli.plan.PlanReport;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** The table with a row for each decoder layer. A column has one unit, so that its numbers can be compared at a glance. */
final class LayerTable {
    private static final int LONG_FROM = 65;

    private final PlanReport plan;
    private final Scale flops;
    private final Scale attention;
    private final Scale kv;
    private final boolean ranks;
    private final boolean routings;
    private final StringBuilder out = new StringBuilder();

    private LayerTable(PlanReport plan) {
        this.plan = plan;
        this.flops = Scale.flops(Math.max(plan.headFlops(), largest(LayerPlan::denseFlops)));
        this.attention = Scale.flops(largest(LayerPlan::denseAttentionFlops));
        this.kv = Scale.bytes(largest(LayerPlan::denseKvBytes));
        this.ranks = plan.layers().stream().anyMatch(l -> l.arank().isPresent());
        this.routings = routings(plan).size() > 1;
    }

    static String of(PlanReport plan) {
        return new LayerTable(plan).write();
    }

    /** The different routings of the plan's Mixture-of-Depths layers, in order of appearance. */
    static List<String> routings(PlanReport plan) {
        return plan.layers().stream().filter(LayerPlan::mod).map(LayerPlan::routing).distinct().toList();
    }

    private String write() {
        out.append("<div class=\"card ").append(plan.layers().size() < LONG_FROM ? "scroll" : "long")
                .append("\" tabindex=\"0\" role=\"region\" aria-label=\"Layer by layer\">\n<table>\n<caption>").append(Markup.escape(caption())).append("</caption>\n");
        head();
        out.append("<tbody>\n");
        plan.layers().forEach(this::row);
        out.append("</tbody>\n<tfoot>\n");
        sum("LM head", plan.headFlops(), plan.headFlops(), false);
        if (plan.extraFlops() > 0) {
            sum("Added by passes", plan.extraFlops(), 0, false);
        }
        sum("Total", plan.flops(), plan.denseFlops(), true);
        return out.append("</tfoot>\n</table>\n</div>\n").toString();
    }

    private String caption() {
        String text = "Prompt of " + Scale.count(plan.mix().tokens()) + " tokens.";
        if (plan.layers().stream().anyMatch(l -> l.ratio().isPresent())) {
            text += " The ratio is what a layer keeps of the " + Scale.count(plan.mix().candidates()) + " tokens that may be skipped.";
        }
        List<String> all = routings(plan);
        return all.size() == 1 && !all.getFirst().isEmpty() ? text + " Routing of all Mixture-of-Depths layers: " + all.getFirst() + "." : text;
    }

    private void head() {
        out.append("<thead>\n<tr><th rowspan=\"2\" scope=\"col\">Layer</th><th rowspan=\"2\" scope=\"col\" class=\"start\">Kind</th>"
                + "<th rowspan=\"2\" scope=\"col\">Ratio</th><th rowspan=\"2\" scope=\"col\">Tokens<br>processed</th>");
        group("Linear layers", flops);
        group("Attention scores", attention);
        group("KV cache", kv);
        if (ranks) {
            out.append("<th rowspan=\"2\" scope=\"col\" class=\"first\">ARank</th>");
        }
        if (routings) {
            out.append("<th rowspan=\"2\" scope=\"col\" class=\"start wrap first\">Routing</th>");
        }
        out.append("</tr>\n<tr>");
        for (int i = 0; i < 3; i++) {
            boolean outermost = i == 2 && !ranks && !routings;
            out.append("<th scope=\"col\" class=\"first\">plan</th><th scope=\"col\"").append(outermost ? " class=\"outermost\"" : "")
                    .append(">dense</th>");
        }
        out.append("</tr>\n</thead>\n");
    }

    private void group(String title, Scale scale) {
        out.append("<th colspan=\"2\" scope=\"colgroup\" class=\"group first\">").append(title).append("<br>").append(scale.unit()).append("</th>");
    }

    private void row(LayerPlan l) {
        boolean bound = Shares.isBound(l);
        out.append("<tr><th scope=\"row\">").append(l.index()).append("</th><td class=\"start\">")
                .append(l.mod() ? "<span class=\"kind mod\">MoD</span>" : "<span class=\"kind\">dense</span>").append("</td>");
        cell("", l.ratio().isPresent() ? String.format(Locale.ROOT, "%.4f", l.ratio().getAsDouble()) : bound ? "threshold" : "–");
        cell("", (bound ? "≤ " : "") + Scale.count(l.kept()));
        pair(flops, l.flops(), l.denseFlops(), bound);
        pair(attention, l.attentionFlops(), l.denseAttentionFlops(), bound);
        pair(kv, l.kvBytes(), l.denseKvBytes(), bound);
        if (ranks) {
            cell("first", l.arank().isPresent() ? String.format(Locale.ROOT, "%.1f", l.arank().getAsDouble()) : "–");
        }
        if (routings) {
            cell("start wrap first", l.routing());
        }
        out.append("</tr>\n");
    }

    private void sum(String title, double value, double dense, boolean all) {
        boolean bound = all && Shares.isBound(plan);
        out.append("<tr><th scope=\"row\" colspan=\"4\" class=\"start\">").append(title).append("</th>");
        pair(flops, value, dense, bound);
        if (all) {
            pair(attention, plan.attentionFlops(), plan.denseAttentionFlops(), bound);
            pair(kv, plan.kvBytes(), plan.denseKvBytes(), bound);
        } else {
            out.append("<td colspan=\"4\"></td>");
        }
        int rest = (ranks ? 1 : 0) + (routings ? 1 : 0);
        out.append("<td></td>".repeat(rest)).append("</tr>\n");
    }

    private void pair(Scale scale, double value, double dense, boolean bound) {
        cell("first", (bound ? "≤ " : "") + scale.number(value));
        cell("less", scale.number(dense));
    }

    private void cell(String style, String text) {
        out.append(style.isEmpty() ? "<td>" : "<td class=\"" + style + "\">").append(Markup.escape(text)).append("</td>");
    }

    private double largest(ToDoubleFunction<LayerPlan> of) {
        return plan.layers().stream().mapToDouble(of).max().orElse(0);
    }
}
