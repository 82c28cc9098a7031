// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.passes.api.OptionException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RetentionScheduleTest {
    private static final RetentionSchedule PAPER = new RetentionSchedule.Prd(0.5, 0.85, 0.15);

    /** The published p-MoD-7B: 32 layers, mean ratio 53.8 %. */
    @Test
    void progressiveRatioDecayIsThePublishedOne() {
        for (int l = 0; l < 8; l++) {
            assertTrue(PAPER.ratio(l, 32).isEmpty(), "layer " + l + " is dense");
        }
        assertEquals(0.8445, PAPER.ratio(8, 32).getAsDouble(), 5e-5);
        assertEquals(0.1555, PAPER.ratio(23, 32).getAsDouble(), 5e-5);
        for (int l = 24; l < 32; l++) {
            assertEquals(0.15, PAPER.ratio(l, 32).getAsDouble());
        }
        double mean = IntStream.range(0, 32).mapToDouble(l -> PAPER.ratio(l, 32).orElse(1)).average().orElseThrow();
        assertEquals(0.5375, mean, 1e-4);
    }

    @Test
    void selectedLayersAreNeverDense() {
        assertEquals(0.85, PAPER.ratioOfSelected(0, 32));
        assertEquals(0.15, PAPER.ratioOfSelected(31, 32));
    }

    @Test
    void linearFallsByTheSameAmountEachLayer() {
        var linear = new RetentionSchedule.Linear(0.5, 1, 0);
        double step = linear.value(1, 5) - linear.value(0, 5);
        assertEquals(-0.25, step, 1e-12);
        assertEquals(step, linear.value(4, 5) - linear.value(3, 5), 1e-12);
    }

    @Test
    void oneLayerIsNoDivisionByZero() {
        assertEquals(1, PAPER.value(0, 1), 1e-12);
    }

    @Test
    void aListNeedsOneRatioForEachLayer() {
        var list = new RetentionSchedule.PerLayer(List.of(1.0, 0.5));
        assertTrue(list.ratio(0, 2).isEmpty());
        assertEquals(0.5, list.ratio(1, 2).getAsDouble());
        assertThrows(OptionException.class, () -> list.ratio(0, 3));
    }

    @Test
    void boundsAreChecked() {
        assertThrows(OptionException.class, () -> new RetentionSchedule.Prd(0.5, 0.2, 0.3));
        assertThrows(OptionException.class, () -> new RetentionSchedule.Prd(Double.NaN, 0.85, 0.15));
        assertThrows(OptionException.class, () -> new RetentionSchedule.Constant(1.5));
    }
}
