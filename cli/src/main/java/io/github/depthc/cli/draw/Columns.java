// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How far to the right each place's middle is: each rank in turn is put as near as it can to what its neighbours want, by
 * least squares under the gaps that must remain, long links being kept straight before all else.
 */
final class Columns {
    private static final double GAP = 26;
    private static final double BEND_GAP = 12;
    private static final int SWEEPS = 40;
    private static final int ONE_SIDED = 24;
    /** How much a step of none, one or two bends is to be straight (Gansner and others, 1993). */
    private static final double[] STRAIGHTNESS = {1, 2, 8};
    /** Of the width of a box, where links arrive. */
    private static final double LANDING = 0.72;

    private final Mesh mesh;
    private final List<List<Integer>> ranks;
    private final double[] x;
    /** Steps by the rank they come from. */
    private final List<List<Mesh.Step>> steps = new ArrayList<>();

    private Columns(Mesh mesh, List<List<Integer>> ranks) {
        this.mesh = mesh;
        this.ranks = ranks;
        this.x = new double[mesh.size()];
        ranks.forEach(r -> steps.add(new ArrayList<>()));
        mesh.steps().forEach(s -> steps.get(mesh.rank(s.from())).add(s));
    }

    /** Middles of the places; the leftmost edge is at 0. */
    static double[] of(Mesh mesh, List<List<Integer>> ranks) {
        return new Columns(mesh, ranks).solve();
    }

    /** Where a step arrives, to the right of the middle of its taker. */
    static double landing(Mesh mesh, Mesh.Step step) {
        return mesh.isBend(step.to()) ? 0 : (step.slot() - 0.5) * mesh.width(step.to()) * LANDING;
    }

    private double[] solve() {
        for (List<Integer> rank : ranks) {
            place(rank, new double[rank.size()], ones(rank.size()));
        }
        var wanted = new double[x.length];
        var weight = new double[x.length];
        for (int sweep = 0; sweep < SWEEPS; sweep++) {
            boolean both = sweep >= ONE_SIDED;
            boolean down = sweep % 2 == 0;
            for (int i = 0; i < ranks.size(); i++) {
                int r = down ? i : ranks.size() - 1 - i;
                List<Integer> rank = ranks.get(r);
                rank.forEach(p -> wanted[p] = weight[p] = 0);
                if (r > 0 && (both || down)) {
                    steps.get(r - 1).forEach(s -> want(wanted, weight, s.to(), s, x[s.from()] - landing(mesh, s)));
                }
                if (both || !down) {
                    steps.get(r).forEach(s -> want(wanted, weight, s.from(), s, x[s.to()] + landing(mesh, s)));
                }
                place(rank, rank.stream().mapToDouble(p -> weight[p] == 0 ? x[p] : wanted[p] / weight[p]).toArray(),
                        rank.stream().mapToDouble(p -> Math.max(weight[p], 0.01)).toArray());
            }
        }
        straighten();
        double left = Double.POSITIVE_INFINITY;
        for (int p = 0; p < x.length; p++) {
            left = Math.min(left, x[p] - mesh.width(p) / 2);
        }
        for (int p = 0; p < x.length; p++) {
            x[p] -= left;
        }
        return x;
    }

    /** Puts the bends of each link in line as far down as what stands beside them allows, and then again from there. */
    private void straighten() {
        var at = new int[x.length];
        for (List<Integer> rank : ranks) {
            for (int i = 0; i < rank.size(); i++) {
                at[rank.get(i)] = i;
            }
        }
        for (int link = 0; link < mesh.links(); link++) {
            List<Integer> way = mesh.way(link);
            int last = way.size() - 1;
            for (int i = 1; i < last; ) {
                double low = low(way.get(i), at);
                double high = high(way.get(i), at);
                int end = i + 1;
                while (end < last && Math.max(low, low(way.get(end), at)) <= Math.min(high, high(way.get(end), at))) {
                    low = Math.max(low, low(way.get(end), at));
                    high = Math.min(high, high(way.get(end), at));
                    end++;
                }
                double wanted = end == last ? x[way.get(last)] + landing(mesh, mesh.arrival(link)) : x[way.get(i - 1)];
                for (int k = i; k < end; k++) {
                    x[way.get(k)] = Math.min(Math.max(wanted, low), high);
                }
                i = end;
            }
        }
    }

    private double low(int place, int[] at) {
        List<Integer> rank = ranks.get(mesh.rank(place));
        return at[place] == 0 ? Double.NEGATIVE_INFINITY : x[rank.get(at[place] - 1)] + gap(rank.get(at[place] - 1), place);
    }

    private double high(int place, int[] at) {
        List<Integer> rank = ranks.get(mesh.rank(place));
        boolean outermost = at[place] == rank.size() - 1;
        return outermost ? Double.POSITIVE_INFINITY : x[rank.get(at[place] + 1)] - gap(place, rank.get(at[place] + 1));
    }

    private void want(double[] wanted, double[] weight, int place, Mesh.Step step, double where) {
        int bends = (mesh.isBend(step.from()) ? 1 : 0) + (mesh.isBend(step.to()) ? 1 : 0);
        double w = STRAIGHTNESS[bends];
        wanted[place] += w * where;
        weight[place] += w;
    }

    /** Least squares under the gaps: without them neighbours in the wrong order are pooled at their common mean (isotonic regression). */
    private void place(List<Integer> rank, double[] wanted, double[] weight) {
        int n = rank.size();
        var offset = new double[n];
        for (int i = 1; i < n; i++) {
            offset[i] = offset[i - 1] + gap(rank.get(i - 1), rank.get(i));
        }
        var mean = new double[n];
        var total = new double[n];
        var count = new int[n];
        int pools = 0;
        for (int i = 0; i < n; i++) {
            mean[pools] = wanted[i] - offset[i];
            total[pools] = weight[i];
            count[pools++] = 1;
            while (pools > 1 && mean[pools - 2] >= mean[pools - 1]) {
                double sum = total[pools - 2] + total[pools - 1];
                mean[pools - 2] = (mean[pools - 2] * total[pools - 2] + mean[pools - 1] * total[pools - 1]) / sum;
                total[pools - 2] = sum;
                count[pools - 2] += count[pools - 1];
                pools--;
            }
        }
        for (int pool = 0, i = 0; pool < pools; pool++) {
            for (int k = 0; k < count[pool]; k++, i++) {
                x[rank.get(i)] = mean[pool] + offset[i];
            }
        }
    }

    private double gap(int left, int right) {
        double space = mesh.isBend(left) || mesh.isBend(right) ? BEND_GAP : GAP;
        return mesh.width(left) / 2 + space + mesh.width(right) / 2;
    }

    private static double[] ones(int n) {
        var ones = new double[n];
        Arrays.fill(ones, 1);
        return ones;
    }
}
