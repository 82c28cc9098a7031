// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import io.github.depthc.cli.plan.PlanReport;

/** The totals of a plan beside those of the dense model, under both conventions of counting FLOPs. */
final class TotalsTable {
    private final String bound;
    private final StringBuilder out = new StringBuilder();

    private TotalsTable(PlanReport plan) {
        this.bound = Shares.isBound(plan) ? "≤ " : "";
    }

    static String of(PlanReport plan) {
        return new TotalsTable(plan).write(plan);
    }

    private String write(PlanReport plan) {
        out.append("""
                <div class="card scroll" tabindex="0" role="region" aria-label="Totals">
                <table>
                <thead>
                <tr><th scope="col" class="start">For the prompt</th><th scope="col">Plan<span class="unit"></span></th>\
                <th scope="col">Dense<span class="unit"></span></th><th scope="col">Of dense</th></tr>
                </thead>
                <tbody>
                """);
        double all = plan.flops() + plan.attentionFlops();
        double allDense = plan.denseFlops() + plan.denseAttentionFlops();
        row("FLOPs of the linear layers and the LM head", plan.flops(), plan.denseFlops(), Scale.flops(plan.denseFlops()));
        row("FLOPs of the attention scores", plan.attentionFlops(), plan.denseAttentionFlops(), Scale.flops(plan.denseAttentionFlops()));
        row("FLOPs, both together", all, allDense, Scale.flops(allDense));
        row("KV cache, F32", plan.kvBytes(), plan.denseKvBytes(), Scale.bytes(plan.denseKvBytes()));
        return out.append("</tbody>\n</table>\n</div>\n").toString();
    }

    private void row(String title, double value, double dense, Scale scale) {
        String unit = "<span class=\"unit\">" + scale.unit() + "</span>";
        out.append("<tr><th scope=\"row\" class=\"start\">").append(Markup.escape(title)).append("</th><td>")
                .append(bound).append(scale.number(value)).append(unit).append("</td><td class=\"less\">").append(scale.number(dense)).append(unit)
                .append("</td><td>").append(bound).append(Markup.escape(Scale.percent(value, dense, 1))).append("</td></tr>\n");
    }
}
