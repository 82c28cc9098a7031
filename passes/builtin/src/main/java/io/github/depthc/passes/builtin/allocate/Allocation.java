// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * Greedy choice under a budget. Every layer starts with choice 0, which costs most and loses nothing; step by step the change is
 * made that loses least for what it saves, until the cost is within the budget. Losses of several layers do not add up, so the best
 * change is measured again before it is made; a few times at most, so that the number of measurements grows with the number of
 * layers times the number of choices and no faster.
 */
final class Allocation {
    /** Measurements of one step, beyond which the best of what is known is taken. */
    private static final int MOST_IN_A_STEP = 4;
    /** Below this a loss is none: what saves most is taken first. */
    private static final double NO_LOSS = 1e-7;
    /** Measurements of one step, on average: what is best by what is known of each layer alone is best indeed, or the next one is. */
    private static final int IN_A_STEP = 2;
    /** Steps, about: where there would be more, a step makes several changes, of which the first is measured before it is made and all are together. */
    private static final int MOST_STEPS = 64;

    private final double[][] costs;
    private final Loss loss;
    private final double[][] alone;
    private final List<Tried> tried = new ArrayList<>();
    private Change last;
    private boolean swept;

    /** Measures a choice for every layer. */
    @FunctionalInterface
    interface Loss {
        double of(int[] choices);
    }

    /** A combination that was measured: its cost and its loss. */
    record Tried(int[] choices, double cost, double loss) {
    }

    /** A change that was made: of which layer, and what it was before. */
    record Change(int layer, int before) {
    }

    private record Move(int layer, int choice, double added, double saved) {
        double rate() {
            return (Math.max(added, 0) + NO_LOSS) / saved;
        }
    }

    /**
     * @param costs what each layer costs with each choice; choice 0 is the dearest
     * @param loss  measures; of all layers at choice 0 it is 0
     */
    Allocation(double[][] costs, Loss loss) {
        this.costs = costs;
        this.loss = loss;
        this.alone = new double[costs.length][];
    }

    /** Measures each layer on its own, with each of its choices. */
    void sweep() {
        int[] now = new int[costs.length];
        for (int l = 0; l < costs.length; l++) {
            alone[l] = new double[costs[l].length];
            for (int c = 1; c < costs[l].length; c++) {
                alone[l][c] = measure(now, l, c);
            }
        }
        swept = true;
    }

    /**
     * The choices found, after {@link #sweep}; the last of them may go beyond what the budget asks for. Where no choice is left that saves
     * anything, they may not keep it.
     *
     * @param together what choices cost together: not the sum where one layer reads what another computes
     */
    int[] within(double budget, ToDoubleFunction<int[]> together) {
        if (!swept) {
            sweep();
        }
        int[] now = new int[costs.length];
        double lossNow = 0;
        double inAStep = steps(alone, budget) > MOST_STEPS ? (cost(now) - budget) / MOST_STEPS : 0;
        while (together.applyAsDouble(now) > budget) {
            List<Move> moves = moves(now, alone);
            if (moves.isEmpty()) {
                return now;
            }
            Move best = best(now, lossNow, moves);
            make(best, now);
            lossNow += best.added;
            if (best.saved < inAStep && makeMore(now, inAStep - best.saved, budget, together)) {
                lossNow = loss.of(now);
                tried.add(new Tried(now.clone(), cost(now), lossNow));
            }
        }
        return now;
    }

    private void make(Move move, int[] now) {
        last = new Change(move.layer, now[move.layer]);
        now[move.layer] = move.choice;
    }

    /** Makes what is best by what is known of each layer alone, until so much is saved or the budget is kept; false if that is nothing. */
    private boolean makeMore(int[] now, double saving, double budget, ToDoubleFunction<int[]> together) {
        double saved = 0;
        while (saved < saving && together.applyAsDouble(now) > budget) {
            Optional<Move> next = moves(now, alone).stream().min(Comparator.comparingDouble(Move::rate));
            if (next.isEmpty()) {
                break;
            }
            make(next.get(), now);
            saved += next.get().saved;
        }
        return saved > 0;
    }

    /**
     * About how many measurements {@link #within} takes that {@link #sweep} has not made, which are all of the first step: as if losses added up; before
     * it, as if they grew with the square of what is saved.
     */
    int expected(double budget) {
        double[][] losses = swept ? alone
                : Arrays.stream(costs).map(l -> Arrays.stream(l).map(c -> (l[0] - c) * (l[0] - c)).toArray()).toArray(double[][]::new);
        int steps = steps(losses, budget);
        return steps > MOST_STEPS ? MOST_STEPS * (IN_A_STEP + 1) : Math.max(0, steps - 1) * IN_A_STEP;
    }

    /** How many changes keep a budget, as if losses added up. */
    private int steps(double[][] losses, double budget) {
        int[] now = new int[costs.length];
        int steps = 0;
        while (cost(now) > budget) {
            Optional<Move> best = moves(now, losses).stream().min(Comparator.comparingDouble(Move::rate));
            if (best.isEmpty()) {
                break;
            }
            now[best.get().layer] = best.get().choice;
            steps++;
        }
        return steps;
    }

    /** The change that came last; empty if none was made. */
    Optional<Change> last() {
        return Optional.ofNullable(last);
    }

    /** Everything that was measured, in order. */
    List<Tried> tried() {
        return tried;
    }

    /** The least that any choices cost. */
    double least() {
        return Arrays.stream(costs).mapToDouble(l -> Arrays.stream(l).min().orElseThrow()).sum();
    }

    /** What choices cost. */
    double cost(int[] choices) {
        double sum = 0;
        for (int l = 0; l < choices.length; l++) {
            sum += costs[l][choices[l]];
        }
        return sum;
    }

    private double measure(int[] now, int layer, int choice) {
        int[] with = now.clone();
        with[layer] = choice;
        double found = loss.of(with);
        tried.add(new Tried(with, cost(with), found));
        return found;
    }

    private List<Move> moves(int[] now, double[][] losses) {
        var moves = new ArrayList<Move>();
        for (int l = 0; l < now.length; l++) {
            for (int c = 0; c < costs[l].length; c++) {
                double saved = costs[l][now[l]] - costs[l][c];
                if (saved > 0) {
                    moves.add(new Move(l, c, losses[l][c] - losses[l][now[l]], saved));
                }
            }
        }
        return moves;
    }

    /** The best move by what is known of each alone, the first few measured with what has been chosen so far. */
    private Move best(int[] now, double lossNow, List<Move> moves) {
        moves.sort(Comparator.comparingDouble(Move::rate));
        Move best = null;
        for (int i = 0; i < Math.min(MOST_IN_A_STEP, moves.size()); i++) {
            Move m = moves.get(i);
            if (best != null && best.rate() <= m.rate()) {
                break;
            }
            Move measured = new Move(m.layer, m.choice, measure(now, m.layer, m.choice) - lossNow, m.saved);
            if (best == null || measured.rate() < best.rate()) {
                best = measured;
            }
        }
        return best;
    }
}
