// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import io.github.depthc.cli.plan.LayerPlan;
import java.util.List;
import java.util.Locale;

/** Attention rank of each layer, a line under the bars with a scale of its own. Layers without a value leave a gap. */
final class RankPanel {
    private final List<LayerPlan> layers;
    private final LayerAxis axis;
    private final double left;
    private final double right;

    RankPanel(List<LayerPlan> layers, LayerAxis axis, double left, double right) {
        this.layers = layers;
        this.axis = axis;
        this.left = left;
        this.right = right;
    }

    void draw(SvgWriter svg, double title, double top, double height) {
        svg.text("label strong", PlanSvg.WIDTH - right, title, "ARank, by layer");
        svg.text("note end", right, title, "mean rank of the attention maps; low: the layer mixes few distinct patterns");
        double ceiling = ceiling();
        double bottom = top + height;
        for (int half = 0; half <= 2; half++) {
            double y = bottom - height * half / 2;
            svg.rule(half == 0 ? "base" : "grid", left, right, y);
            svg.text("tick end", left - 8, y + 4, SvgWriter.number(ceiling * half / 2));
        }
        var line = new StringBuilder();
        boolean drawing = false;
        for (int i = 0; i < layers.size(); i++) {
            if (!has(i)) {
                drawing = false;
                continue;
            }
            line.append(drawing ? 'L' : 'M').append(SvgWriter.number(axis.middle(i))).append(' ')
                    .append(SvgWriter.number(bottom - height * value(i) / ceiling));
            drawing = true;
        }
        svg.path("rank-line", line.toString());
        for (int i = 0; i < layers.size(); i++) {
            // a value between two gaps has no line to be seen by
            boolean alone = has(i) && (i == 0 || !has(i - 1)) && (i + 1 == layers.size() || !has(i + 1));
            if (alone || has(i) && axis.fitsDots()) {
                svg.dot("rank", axis.middle(i), bottom - height * value(i) / ceiling, 3.5,
                        "Layer " + layers.get(i).index() + ": ARank " + String.format(Locale.ROOT, "%.1f", value(i)));
            }
        }
    }

    private boolean has(int i) {
        return layers.get(i).arank().isPresent() && Double.isFinite(value(i));
    }

    private double value(int i) {
        return layers.get(i).arank().getAsDouble();
    }

    /** The next of 1, 2, 4, 6, 8 times a power of ten: its half is round too. */
    private double ceiling() {
        double max = 0;
        for (int i = 0; i < layers.size(); i++) {
            max = has(i) ? Math.max(max, value(i)) : max;
        }
        if (max <= 0) {
            return 1;
        }
        double decade = Math.pow(10, Math.floor(Math.log10(max)));
        for (double m : new double[] {1, 2, 4, 6, 8}) {
            if (m * decade >= max) {
                return m * decade;
            }
        }
        return 10 * decade;
    }
}
