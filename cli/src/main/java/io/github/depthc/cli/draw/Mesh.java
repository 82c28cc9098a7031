// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A chart cut into ranks, from top to bottom: every item is in one rank, and a link that passes ranks has a bend, which is
 * an item without size, in each of them.
 */
final class Mesh {
    /** Side of a bend. */
    static final double BEND = 6;

    /**
     * A step of a link, from one rank to the next.
     *
     * @param slot where between 0 and 1, from left to right, it arrives at {@code to}
     */
    record Step(int from, int to, double slot) {
    }

    private final int items;
    private final List<Integer> ranks = new ArrayList<>();
    private final List<Double> widths = new ArrayList<>();
    private final List<Step> steps = new ArrayList<>();
    /** The places that each link goes through. */
    private final List<List<Integer>> ways = new ArrayList<>();
    private final List<Step> arrivals = new ArrayList<>();

    Mesh(List<Chart.Link> links, double[] width) {
        items = width.length;
        for (double w : width) {
            widths.add(w);
        }
        for (int r : rank(links, items)) {
            ranks.add(r);
        }
        for (Chart.Link link : links) {
            var way = new ArrayList<>(List.of(link.from()));
            for (int r = ranks.get(link.from()) + 1; r < ranks.get(link.to()); r++) {
                way.add(ranks.size());
                ranks.add(r);
                widths.add(BEND);
            }
            way.add(link.to());
            for (int i = 1; i < way.size(); i++) {
                boolean last = i == way.size() - 1;
                steps.add(new Step(way.get(i - 1), way.get(i), last ? (link.slot() + 1.0) / (link.slots() + 1.0) : 0.5));
            }
            ways.add(way);
            arrivals.add(steps.getLast());
        }
    }

    /** Places: first the items, then the bends. */
    int size() {
        return ranks.size();
    }

    boolean isBend(int place) {
        return place >= items;
    }

    int rank(int place) {
        return ranks.get(place);
    }

    double width(int place) {
        return widths.get(place);
    }

    int rankCount() {
        return ranks.stream().mapToInt(r -> r + 1).max().orElse(0);
    }

    List<Step> steps() {
        return steps;
    }

    int links() {
        return ways.size();
    }

    /** The last step of a link. */
    Step arrival(int link) {
        return arrivals.get(link);
    }

    /** The places of a link, from its giver to its taker. */
    List<Integer> way(int link) {
        return ways.get(link);
    }

    /** As near to what they take from as they can be; what gives to more places than it takes from as near to those instead. */
    private static int[] rank(List<Chart.Link> links, int n) {
        var in = new ArrayList<List<Integer>>();
        var out = new ArrayList<List<Integer>>();
        for (int i = 0; i < n; i++) {
            in.add(new ArrayList<>());
            out.add(new ArrayList<>());
        }
        for (Chart.Link l : links) {
            in.get(l.to()).add(l.from());
            out.get(l.from()).add(l.to());
        }
        var rank = new int[n];
        for (int i = 0; i < n; i++) {
            for (int from : in.get(i)) {
                rank[i] = Math.max(rank[i], rank[from] + 1);
            }
        }
        for (int i = n - 1; i >= 0; i--) {
            if (out.get(i).size() > in.get(i).size()) {
                rank[i] = out.get(i).stream().mapToInt(to -> rank[to] - 1).min().orElse(rank[i]);
            }
        }
        int least = Arrays.stream(rank).min().orElse(0);
        return Arrays.stream(rank).map(r -> r - least).toArray();
    }
}
