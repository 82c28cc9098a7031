// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.InputException;
import io.github.depthc.passes.builtin.allocate.BudgetOf;
import io.github.depthc.passes.builtin.schedule.RetentionSchedule;
import org.junit.jupiter.api.Test;

final class BudgetSolverTest {
    private static final RetentionSchedule CONSTANT = new RetentionSchedule.Constant(0.5);

    /** Half of the FLOPs are in layers that follow the ratio. */
    private static double half(RetentionSchedule s) {
        return 0.5 + ((RetentionSchedule.Constant) s).ratio() / 2;
    }

    @Test
    void theNearestBelow() {
        BudgetSolver.Solution s = BudgetSolver.solve(CONSTANT, 0.8, BudgetOf.FLOPS, BudgetSolverTest::half);
        assertEquals(0.8, s.ratio(), 1e-6);
        assertTrue(s.ratio() <= 0.8);
        assertEquals(0.6, ((RetentionSchedule.Constant) s.schedule()).ratio(), 1e-5);
    }

    @Test
    void whatCannotBeReachedSaysWhatCan() {
        assertTrue(refused(0.4).contains("the FLOPs ratio goes from 0.5000 to 1.0000; select more layers or lower min"));
        String flat = assertThrows(InputException.class, () -> BudgetSolver.solve(CONSTANT, 0.7, BudgetOf.FLOPS, s -> 1)).getMessage();
        assertTrue(flat.contains("the FLOPs ratio is 1.0000 whatever the schedule"), flat);
        String high = assertThrows(InputException.class, () -> BudgetSolver.solve(CONSTANT, 0.9, BudgetOf.FLOPS, s -> half(s) - 0.2)).getMessage();
        assertTrue(high.contains("from 0.3000 to 0.8000; select fewer layers or raise max"), high);
    }

    @Test
    void oneIsDense() {
        assertTrue(refused(1).endsWith("a dense bundle is made with --layers none"));
    }

    private static String refused(double budget) {
        return assertThrows(InputException.class, () -> BudgetSolver.solve(CONSTANT, budget, BudgetOf.FLOPS, BudgetSolverTest::half)).getMessage();
    }
}
