// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * The order of places within each rank, so that few links cross: sweeps down and up in which each place goes to the mean of
 * its neighbours, as in Sugiyama, Tagawa and Toda (1981); the best order seen is kept.
 */
final class RankOrder {
    private static final int SWEEPS = 24;

    private final Mesh mesh;
    private final List<List<Integer>> ranks = new ArrayList<>();
    private final double[] position;
    private final List<List<Mesh.Step>> above = new ArrayList<>();
    private final List<List<Mesh.Step>> below = new ArrayList<>();

    private RankOrder(Mesh mesh) {
        this.mesh = mesh;
        position = new double[mesh.size()];
        for (int r = 0; r < mesh.rankCount(); r++) {
            ranks.add(new ArrayList<>());
        }
        for (int p = 0; p < mesh.size(); p++) {
            above.add(new ArrayList<>());
            below.add(new ArrayList<>());
        }
        for (Mesh.Step s : mesh.steps()) {
            above.get(s.to()).add(s);
            below.get(s.from()).add(s);
        }
    }

    /** The places of each rank from left to right. */
    static List<List<Integer>> of(Mesh mesh) {
        return new RankOrder(mesh).order();
    }

    private List<List<Integer>> order() {
        var seen = new boolean[mesh.size()];
        for (int p = 0; p < mesh.size(); p++) {
            visit(p, seen);
        }
        number();
        List<List<Integer>> best = copy();
        long least = crossings();
        for (int sweep = 0; sweep < SWEEPS && least > 0; sweep++) {
            boolean down = sweep % 2 == 0;
            for (int i = 0; i < ranks.size(); i++) {
                sort(ranks.get(down ? i : ranks.size() - 1 - i), down);
            }
            long now = crossings();
            if (now < least) {
                least = now;
                best = copy();
            }
        }
        return best;
    }

    /** Depth first, so that what hangs together begins side by side. */
    private void visit(int start, boolean[] seen) {
        var work = new ArrayDeque<>(List.of(start));
        while (!work.isEmpty()) {
            int p = work.pop();
            if (!seen[p]) {
                seen[p] = true;
                ranks.get(mesh.rank(p)).add(p);
                below.get(p).reversed().forEach(s -> work.push(s.to()));
            }
        }
    }

    private void sort(List<Integer> rank, boolean down) {
        var wanted = new double[mesh.size()];
        for (int p : rank) {
            List<Mesh.Step> steps = down ? above.get(p) : below.get(p);
            // An arrival's slot is a part of a place: links to one taker are put in the order of its operands.
            wanted[p] = steps.stream().mapToDouble(s -> down ? position[s.from()] : position[s.to()] + s.slot() - 0.5).average().orElse(position[p]);
        }
        rank.sort(Comparator.comparingDouble(p -> wanted[p]));
        for (int i = 0; i < rank.size(); i++) {
            position[rank.get(i)] = i;
        }
    }

    private void number() {
        for (List<Integer> rank : ranks) {
            for (int i = 0; i < rank.size(); i++) {
                position[rank.get(i)] = i;
            }
        }
    }

    private List<List<Integer>> copy() {
        return ranks.stream().map(List::copyOf).toList();
    }

    private long crossings() {
        long crossings = 0;
        for (List<Integer> rank : ranks) {
            double[] ends = rank.stream().flatMap(p -> below.get(p).stream()).mapToDouble(s -> 0).toArray();
            int n = 0;
            for (int p : rank) {
                double[] to = below.get(p).stream().mapToDouble(s -> position[s.to()] + s.slot() - 0.5).sorted().toArray();
                System.arraycopy(to, 0, ends, n, to.length);
                n += to.length;
            }
            crossings += inversions(ends);
        }
        return crossings;
    }

    /** Pairs in the wrong order, counted while they are merged. */
    private static long inversions(double[] values) {
        if (values.length < 2) {
            return 0;
        }
        double[] left = Arrays.copyOf(values, values.length / 2);
        double[] right = Arrays.copyOfRange(values, values.length / 2, values.length);
        long count = inversions(left) + inversions(right);
        int l = 0;
        int r = 0;
        for (int i = 0; i < values.length; i++) {
            if (r == right.length || l < left.length && left[l] <= right[r]) {
                values[i] = left[l++];
            } else {
                values[i] = right[r++];
                count += left.length - l;
            }
        }
        return count;
    }
}
