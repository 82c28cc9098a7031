// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import io.github.depthc.cli.plan.PlanReport;
import java.util.Locale;

/**
 * The charts of a page: what each is called, and what it says to those who do not see it. {@code report.js} draws each on the canvas with
 * its {@link #id}, from the part of {@link ChartData} of the same name.
 */
enum Chart {
    LAYERS("Prompt tokens processed, by layer", 270),
    ARANK("ARank, by layer", 170),
    TOTALS("What is left of the dense model", 190),
    TRIED("What was tried", 400),
    KEPT("Tokens that each layer keeps", 0),
    FLOPS("FLOPs, by layer", 230),
    KV("KV cache, by layer", 230),
    TIME("Time to process a prompt, by layer", 230);

    private static final int AXES = 64;
    private static final int LEAST_ROW = 3;
    private static final int MOST_ROW = 22;
    private static final int USUAL = 420;

    private final String title;
    private final int height;

    Chart(String title, int height) {
        this.title = title;
        this.height = height;
    }

    /** The canvas's. */
    String id() {
        return "chart-" + name().toLowerCase(Locale.ROOT);
    }

    /** With its own title. */
    String figure(PlanReport plan, String description, String note) {
        return figure(title, plan, description, note);
    }

    /**
     * The figure.
     *
     * @param heading     above it
     * @param description what it shows, for those who do not see it
     * @param note        below it; may be empty
     */
    String figure(String heading, PlanReport plan, String description, String note) {
        // a row of the heat map for each layer
        int pixels = height > 0 ? height : AXES + plan.layers().size() * Math.clamp(USUAL / Math.max(1, plan.layers().size()), LEAST_ROW, MOST_ROW);
        return "<figure class=\"card chart\">\n<figcaption>" + Markup.escape(heading) + "</figcaption>\n<div class=\"plot\" style=\"height:" + pixels + "px\"><canvas id=\"" + id()
                + "\" role=\"img\" aria-label=\"" + Markup.escape(description) + "\"></canvas></div>\n"
                + (note.isEmpty() ? "" : "<p class=\"note\">" + Markup.escape(note) + "</p>\n") + "</figure>\n";
    }
}
