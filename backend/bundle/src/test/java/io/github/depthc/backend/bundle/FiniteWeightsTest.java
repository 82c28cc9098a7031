// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.weight.ComputedWeights;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import org.junit.jupiter.api.Test;

class FiniteWeightsTest {
    /** There is no file that could be fetched again. */
    @Test
    void computedWeightsAreTheirPassesMatter() {
        WeightExpr.Stored made = ComputedWeights.weight("router", 1, 2);
        WeightStore store = ComputedWeights.add(WeightStore.EMPTY, made, new float[] {1, Float.NaN});
        assertEquals("computed weights: tensor \"router\" f32[1, 2] has the value NaN at [0, 1], expected finite numbers; the pass that computed it is at fault: leave it out",
                assertThrows(InputException.class, () -> FiniteWeights.check(made, store)).getMessage());
    }
}
