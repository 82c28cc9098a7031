// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.builtin.allocate.AllocationTrace.Tried;
import java.util.Locale;
import java.util.stream.Collectors;

/** What was tried, in words. */
final class Losses {
    private static final int MOST_NAMED = 8;
    private static final double LEAST = 1e-6;

    private Losses() {
    }

    /** A loss; what is no more than rounding is not told apart. */
    static String number(double loss) {
        return loss >= 1e-4 ? String.format(Locale.ROOT, "%.4f", loss) : loss >= LEAST ? String.format(Locale.ROOT, "%.1e", loss) : "<1e-6";
    }

    /** What it is of a layer that tokens skip, where it is not all. */
    static String part(Routing.Part part) {
        return switch (part) {
            case LAYER -> "";
            case ATTENTION -> " in attention";
            case MLP -> " in the MLP";
        };
    }

    /** Which layers skip, as in {@code layer 1 keeps 43.2%, layer 3 keeps 0.0%}. */
    static String skipping(Tried t) {
        String layers = t.layers().stream().limit(MOST_NAMED).map(s -> "layer " + s.layer() + " keeps " + Scale.percent(s.ratio(), 1, 1)
                + part(s.part()) + (s.kv() == Routing.SkippedKv.KEEP ? "" : " and drops keys and values")).collect(Collectors.joining(", "));
        return (layers.isEmpty() ? "no layer skips" : layers) + (t.layers().size() > MOST_NAMED ? " and " + (t.layers().size() - MOST_NAMED) + " more" : "");
    }
}
