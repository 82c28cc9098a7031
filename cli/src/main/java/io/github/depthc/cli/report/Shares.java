// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import io.github.depthc.cli.plan.LayerPlan;
import io.github.depthc.cli.plan.PlanReport;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;

/** What the page and its charts derive from a plan. */
final class Shares {
    private Shares() {
    }

    /** Tokens processed of all tokens of the prompt, 0 to 1. */
    static double of(LayerPlan layer, PlanReport plan) {
        return Math.clamp((double) layer.kept() / plan.mix().tokens(), 0.0, 1.0);
    }

    /** Whether the layer decides at run time how many tokens it processes: its numbers are upper bounds. */
    static boolean isBound(LayerPlan layer) {
        return layer.mod() && layer.ratio().isEmpty();
    }

    /** Whether the plan's totals are upper bounds. */
    static boolean isBound(PlanReport plan) {
        return plan.layers().stream().anyMatch(Shares::isBound);
    }

    /** The Mixture-of-Depths layers in words: {@code 2–4, 7 and 9}; first, last and how many where that would be long. */
    static String modLayers(PlanReport plan) {
        var runs = new ArrayList<String>();
        List<LayerPlan> layers = plan.layers();
        for (int i = 0; i < layers.size(); i++) {
            if (!layers.get(i).mod()) {
                continue;
            }
            int from = i;
            while (i + 1 < layers.size() && layers.get(i + 1).mod()) {
                i++;
            }
            runs.add(layers.get(from).index() + (i == from ? "" : "–" + layers.get(i).index()));
        }
        if (runs.size() > 6) {
            return runs.getFirst() + " … " + runs.getLast() + " (" + plan.modLayers() + " of them)";
        }
        int last = runs.size() - 1;
        return last < 1 ? String.join("", runs) : String.join(", ", runs.subList(0, last)) + " and " + runs.get(last);
    }

    /** How much the Mixture-of-Depths layers process, a predicate of {@code one} or more; the plan has at least one. */
    static String range(PlanReport plan, boolean one) {
        if (isBound(plan)) {
            return one ? "decides for each token whether to process it" : "decide for each token whether to process it";
        }
        DoubleSummaryStatistics shares = plan.layers().stream().filter(LayerPlan::mod).mapToDouble(l -> of(l, plan)).summaryStatistics();
        String low = Scale.percent(shares.getMin(), 1, 0);
        String high = Scale.percent(shares.getMax(), 1, 0);
        return (one ? "processes " : "process ") + (low.equals(high) ? low : low + " to " + high) + " of the prompt's tokens";
    }
}
