// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import io.github.depthc.cli.plan.LayerPlan;
import java.util.List;

/** Where each layer stands from left to right, for any number of layers. */
final class LayerAxis {
    private static final double TIGHT_BELOW = 5;
    private static final double WIDEST_BAR = 72;
    private static final double LABEL_ROOM = 30;
    private static final double VALUE_ROOM = 24;
    private static final double VALUE_WITH_UNIT_ROOM = 36;

    private final List<LayerPlan> layers;
    private final double from;
    private final double to;
    private final double slot;

    LayerAxis(List<LayerPlan> layers, double from, double to) {
        this.layers = layers;
        this.from = from;
        this.to = to;
        this.slot = (to - from) / Math.max(1, layers.size());
    }

    /** Whether bars stand without space between them. */
    boolean isTight() {
        return slot < TIGHT_BELOW;
    }

    /** Whether a number of two digits fits above a bar. */
    boolean fitsLabels() {
        return slot >= VALUE_ROOM;
    }

    /** Whether a percent sign fits behind it. */
    boolean fitsUnits() {
        return slot >= VALUE_WITH_UNIT_ROOM;
    }

    /** Whether single points can be told apart. */
    boolean fitsDots() {
        return slot >= 8;
    }

    /** Left edge of bar {@code i}. */
    double left(int i) {
        if (isTight()) {
            return from + i * slot;
        }
        return slot > WIDEST_BAR * 1.4 ? middle(i) - WIDEST_BAR / 2 : Math.round(from + i * slot) + gap() / 2;
    }

    /** Width of bar {@code i}. Where bars have space between them the space is equal, and the width may differ by one unit. */
    double width(int i) {
        if (isTight()) {
            return slot;
        }
        return slot > WIDEST_BAR * 1.4 ? WIDEST_BAR : Math.round(from + (i + 1) * slot) - Math.round(from + i * slot) - gap();
    }

    /** Centre of bar {@code i}. */
    double middle(int i) {
        return isTight() || slot > WIDEST_BAR * 1.4 ? from + (i + 0.5) * slot : left(i) + width(i) / 2;
    }

    /** Writes layer numbers, as many as fit, and what they are. */
    void labels(SvgWriter svg, double y) {
        int step = step();
        int last = layers.size() - 1;
        for (int i = 0; i <= last; i += step) {
            // the last layer is always named; a tick too close to it gives way
            if (i == last || (last - i) * slot >= LABEL_ROOM) {
                svg.text("tick mid", middle(i), y, Integer.toString(layers.get(i).index()));
            }
        }
        if (last >= 0 && last % step != 0) {
            svg.text("tick mid", middle(last), y, Integer.toString(layers.get(last).index()));
        }
        svg.text("note mid", (from + to) / 2, y + 22, "decoder layer");
    }

    private int step() {
        int decade = 1;
        while (true) {
            for (int m : new int[] {1, 2, 5}) {
                if (m * decade * slot >= LABEL_ROOM || m * decade >= layers.size()) {
                    return m * decade;
                }
            }
            decade *= 10;
        }
    }

    private double gap() {
        return Math.clamp(Math.round(slot / 8) * 2, 2, 16);
    }
}
