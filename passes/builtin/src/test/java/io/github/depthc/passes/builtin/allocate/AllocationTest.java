// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class AllocationTest {
    /** What three layers cost with each of three choices. */
    private static final double[][] COSTS = {{1, 0.5, 0.25}, {1, 0.5, 0.25}, {1, 0.5, 0.25}};

    private static Allocation.Loss additive(double[][] losses) {
        return c -> {
            double sum = 0;
            for (int l = 0; l < c.length; l++) {
                sum += losses[l][c[l]];
            }
            return sum;
        };
    }

    @Test
    void whatLosesLeastForWhatItSavesGoesFirst() {
        var allocation = new Allocation(COSTS, additive(new double[][] {{0, 4, 5}, {0, 1, 2}, {0, 2.5, 9}}));
        assertArrayEquals(new int[] {0, 2, 0}, allocation.within(2.25, allocation::cost));
        assertEquals(2.25, allocation.cost(new int[] {0, 2, 0}));
        assertArrayEquals(new int[] {0, 2, 1}, allocation.within(1.8, allocation::cost));
    }

    @Test
    void aBudgetThatIsKeptAlreadyChangesNothing() {
        var allocation = new Allocation(COSTS, additive(new double[][] {{0, 1, 1}, {0, 1, 1}, {0, 1, 1}}));
        assertArrayEquals(new int[] {0, 0, 0}, allocation.within(3, allocation::cost));
        assertTrue(allocation.last().isEmpty());
    }

    @Test
    void whatLosesNothingIsTakenAtItsLargestSaving() {
        var allocation = new Allocation(COSTS, additive(new double[][] {{0, 1, 2}, {0, 0, 0}, {0, 1, 2}}));
        assertArrayEquals(new int[] {0, 2, 0}, allocation.within(2.9, allocation::cost));
    }

    /** Alone, layers 0 and 1 lose little; together they lose much, which is seen when the second is measured again. */
    @Test
    void lossesThatDoNotAddUpAreMeasuredAgain() {
        Allocation.Loss loss = c -> c[0] + c[1] + 2 * c[2] + (c[0] > 0 && c[1] > 0 ? 100 : 0);
        var allocation = new Allocation(new double[][] {{1, 0.5}, {1, 0.5}, {1, 0.5}}, loss);
        int[] found = allocation.within(2, allocation::cost);
        assertEquals(1, found[2], () -> Arrays.toString(found));
        assertEquals(1, found[0] + found[1]);
    }

    @Test
    void theLastChangeIsKnown() {
        var allocation = new Allocation(COSTS, additive(new double[][] {{0, 4, 5}, {0, 1, 2}, {0, 2.5, 9}}));
        allocation.within(1.8, allocation::cost);
        assertEquals(new Allocation.Change(2, 0), allocation.last().orElseThrow());
        assertEquals(0.75, allocation.least());
    }

    /** 120 layers could change 360 times: the steps are no more than those of 64 changes that are measured one by one, and the budget is kept no worse. */
    @Test
    void manyLayersAreChangedSeveralAtATime() {
        var costs = new double[120][];
        Arrays.setAll(costs, l -> new double[] {1, 0.7, 0.5, 0.3});
        double[][] losses = new double[120][];
        Arrays.setAll(losses, l -> new double[] {0, l % 7 + 1, 4 * (l % 7 + 1), 9 * (l % 7 + 1)});
        var allocation = new Allocation(costs, additive(losses));
        allocation.sweep();
        int expected = allocation.expected(60);
        int[] found = allocation.within(60, allocation::cost);
        int steps = allocation.tried().size() - 360;
        assertTrue(allocation.cost(found) <= 60 && allocation.cost(found) > 59, () -> "cost " + allocation.cost(found));
        assertTrue(steps <= 5 * 64 && steps > 64, () -> steps + " measurements");
        assertTrue(expected > steps / 2 && expected < 2 * steps, expected + " expected, " + steps + " measured");
        // losses add up, so that nothing is lost by changing several at a time
        assertTrue(found[0] >= found[6] && found[7] >= found[13], () -> Arrays.toString(found));
    }

    /** 40 layers of 4 choices: the sweep of 120, and a few for each of at most 120 steps. */
    @Test
    void theNumberOfMeasurementsGrowsWithLayersTimesChoices() {
        var costs = new double[40][];
        Arrays.setAll(costs, l -> new double[] {1, 0.7, 0.5, 0.3});
        var allocation = new Allocation(costs, c -> {
            double sum = 0;
            for (int l = 0; l < c.length; l++) {
                sum += (l % 7 + 1) * c[l] * c[l] * (1 + 0.01 * Arrays.stream(c).sum());
            }
            return sum;
        });
        int before = allocation.expected(20);
        allocation.sweep();
        int after = allocation.expected(20);
        int[] found = allocation.within(20, allocation::cost);
        int steps = allocation.tried().size() - 120;
        assertTrue(allocation.cost(found) <= 20);
        assertTrue(steps <= 4 * 120, () -> allocation.tried().size() + " measurements");
        assertTrue(before > steps / 3 && before < 3 * steps, before + " expected, " + steps + " measured");
        assertTrue(after > steps / 2 && after < 2 * steps, after + " expected, " + steps + " measured");
    }
}
