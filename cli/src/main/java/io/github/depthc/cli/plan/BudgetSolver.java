// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Units;
import io.github.depthc.ir.InputException;
import io.github.depthc.passes.builtin.allocate.BudgetOf;
import io.github.depthc.passes.builtin.schedule.RetentionSchedule;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Finds the schedule of a family (its average, or its constant ratio) whose FLOPs, or whose KV cache, over the dense model's is a budget. */
public final class BudgetSolver {
    /**
     * Checks a budget.
     *
     * @throws InputException unless it is more than 0 and less than 1
     */
    public static void requireRatio(double budget) {
        if (!(budget > 0 && budget < 1)) {
            throw new InputException("--budget is " + Units.plain(budget) + ", expected a ratio, more than 0 and less than 1"
                    + (budget == 1 ? "; a dense bundle is made with --layers none" : ""));
        }
    }

    private static final int STEPS = 60;
    private static final double NO_CHANGE = 1e-9;

    /**
     * A schedule that keeps to a budget.
     *
     * @param budget   the ratio that was asked for
     * @param of       what it is a ratio of: FLOPs or the KV cache
     * @param schedule the schedule
     * @param ratio    the ratio under it, as near below the budget as whole tokens let it be
     */
    public record Solution(double budget, BudgetOf of, RetentionSchedule schedule, double ratio) {
        /** Prints it. */
        public void print(Console console) {
            console.line("Budget   " + Units.percent(budget) + " of the dense " + of.brief() + " at this prompt; this schedule comes to " + Units.percent(ratio) + ":");
            console.line("         " + ScheduleParser.print(schedule) + ", " + (schedule instanceof RetentionSchedule.Constant ? "the ratio" : "the average") + " solved for");
        }

        /** Puts {@code target}, {@code of}, {@code schedule}, and {@code flops_ratio} or {@code kv_ratio}. */
        public void put(ObjectNode o) {
            String name = of.name().toLowerCase(Locale.ROOT);
            o.put("target", budget).put("of", name).put("schedule", ScheduleParser.print(schedule)).put(name + "_ratio", ratio);
        }
    }

    private BudgetSolver() {
    }

    /**
     * The member of the schedule's family whose ratio is as near below the budget as it can be.
     *
     * @param family  which family, with its bounds; a list has nothing to solve for
     * @param budget  cost of the converted model over that of the dense one, more than 0, less than 1
     * @param of      what is counted as cost, FLOPs or the KV cache
     * @param ratio   the ratio of the model under a schedule
     * @throws InputException when the budget cannot be reached, with the range that can
     */
    public static Solution solve(RetentionSchedule family, double budget, BudgetOf of, ToDoubleFunction<RetentionSchedule> ratio) {
        requireRatio(budget);
        String what = "the " + of.brief() + " ratio";
        double low = family instanceof RetentionSchedule.Constant ? 0 : -0.5;
        double high = family instanceof RetentionSchedule.Constant ? 1 : 1.5;
        double least = ratio.applyAsDouble(with(family, low));
        double most = ratio.applyAsDouble(with(family, high));
        if (most - least < NO_CHANGE) {
            throw new InputException("--budget " + Units.plain(budget) + " cannot be reached: " + what + " is " + Units.fixed(least, 4) + " whatever the "
                    + "schedule; select layers (--layers), and count a prompt with tokens that may be skipped (--text-tokens, --vision-tokens)");
        }
        if (budget < least || budget > most) {
            throw new InputException("--budget " + Units.plain(budget) + " cannot be reached: with these layers, bounds and tokens " + what + " goes from " + Units.fixed(least, 4) + " to " + Units.fixed(most, 4) + "; "
                    + (budget < least ? "select more layers or lower min" : "select fewer layers or raise max"));
        }
        for (int i = 0; i < STEPS; i++) {
            double middle = (low + high) / 2;
            if (ratio.applyAsDouble(with(family, middle)) <= budget) {
                low = middle;
            } else {
                high = middle;
            }
        }
        RetentionSchedule found = with(family, rounded(low));
        return new Solution(budget, of, found, ratio.applyAsDouble(found));
    }

    private static double rounded(double average) {
        return Math.floor(average * 1e6) / 1e6;
    }

    private static RetentionSchedule with(RetentionSchedule family, double x) {
        return switch (family) {
            case RetentionSchedule.Prd p -> new RetentionSchedule.Prd(x, p.max(), p.min());
            case RetentionSchedule.Linear l -> new RetentionSchedule.Linear(x, l.max(), l.min());
            case RetentionSchedule.Constant c -> new RetentionSchedule.Constant(Math.clamp(x, 0, 1));
            case RetentionSchedule.PerLayer p -> throw new InputException("--budget has nothing to solve for in a list of ratios; use prd, linear or constant");
        };
    }
}
