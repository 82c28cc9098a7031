// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Which line is most like another: the one that shares most pairs of letters with it (the Dice coefficient). */
final class Similarity {
    /** Less than this in common, and a line is no help. */
    private static final double LEAST = 0.3;

    private Similarity() {
    }

    /** The index of the nearest line, or −1 when none is near; lines from {@code preferred} on win ties. */
    static int nearest(String wanted, List<String> lines, int preferred) {
        Map<String, Integer> pairs = pairs(wanted);
        int best = -1;
        double most = LEAST;
        for (int i = 0; i < lines.size(); i++) {
            double likeness = likeness(pairs, pairs(lines.get(i)));
            if (likeness > most || likeness == most && best < preferred && i >= preferred) {
                most = likeness;
                best = i;
            }
        }
        return best;
    }

    private static double likeness(Map<String, Integer> a, Map<String, Integer> b) {
        int common = a.entrySet().stream().mapToInt(e -> Math.min(e.getValue(), b.getOrDefault(e.getKey(), 0))).sum();
        int all = a.values().stream().mapToInt(n -> n).sum() + b.values().stream().mapToInt(n -> n).sum();
        return all == 0 ? 0 : 2.0 * common / all;
    }

    private static Map<String, Integer> pairs(String text) {
        var pairs = new HashMap<String, Integer>();
        String packed = text.replaceAll("\\s+", " ").strip();
        for (int i = 0; i + 1 < packed.length(); i++) {
            pairs.merge(packed.substring(i, i + 2), 1, Integer::sum);
        }
        return pairs;
    }
}
