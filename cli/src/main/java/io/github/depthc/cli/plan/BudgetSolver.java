// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import io.github.depthc.cli.console.Units;
import io.github.depthc.ir.InputException;
import io.github.depthc.passes.builtin.schedule.RetentionSchedule;
import java.util.function.ToDoubleFunction;

/** Finds the schedule of a family (its average, or its constant ratio) whose FLOPs ratio is a budget. */
public final class BudgetSolver {
    private static final int STEPS = 60;

    private BudgetSolver() {
    }

    /**
     * The member of the schedule's family whose FLOPs ratio is as near below the budget as it can be.
     *
     * @param family  which family, with its bounds; a list has nothing to solve for
     * @param budget  FLOPs of the converted model over those of the dense one, more than 0, at most 1
     * @param flops   the FLOPs ratio of the model under a schedule
     * @throws InputException when the budget cannot be reached, with the range that can
     */
    public static RetentionSchedule solve(RetentionSchedule family, double budget, ToDoubleFunction<RetentionSchedule> flops) {
        if (!(budget > 0 && budget <= 1)) {
            throw new InputException("--budget " + budget + ": expected a FLOPs ratio, more than 0 and at most 1");
        }
        double low = family instanceof RetentionSchedule.Constant ? 0 : -0.5;
        double high = family instanceof RetentionSchedule.Constant ? 1 : 1.5;
        double least = flops.applyAsDouble(with(family, low));
        double most = flops.applyAsDouble(with(family, high));
        if (budget < least) {
            throw new InputException("--budget " + budget + " cannot be reached: with these layers and bounds the FLOPs ratio goes from "
                    + Units.fixed(least, 4) + " to " + Units.fixed(most, 4) + "; select more layers or lower min");
        }
        if (budget >= most) {
            return with(family, high);
        }
        for (int i = 0; i < STEPS; i++) {
            double middle = (low + high) / 2;
            if (flops.applyAsDouble(with(family, middle)) <= budget) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return with(family, rounded(low));
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
