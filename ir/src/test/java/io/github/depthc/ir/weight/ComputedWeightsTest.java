// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.weight;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class ComputedWeightsTest {
    private static final WeightExpr.Stored A = ComputedWeights.weight("a", 2, 2);
    private static final WeightExpr.Stored B = ComputedWeights.weight("b", 3);
    private static final WeightExpr.Stored OTHER = new WeightExpr.Stored("checkpoint", "a", TensorType.fixed(DType.F32, 1));

    private final WeightStore others = w -> new WeightStore.Extent(MemorySegment.ofArray(new float[] {9}));

    @Test
    void theirValuesAreThoseGivenAndAllOthersAreFound() {
        WeightStore one = ComputedWeights.add(others, A, new float[] {1, 2, 3, 4});
        WeightStore both = ComputedWeights.add(one, B, new float[] {5, 6, 7});
        assertArrayEquals(new float[] {1, 2, 3, 4}, WeightReader.floats(A, both));
        assertArrayEquals(new float[] {5, 6, 7}, WeightReader.floats(B, both));
        assertArrayEquals(new float[] {9}, WeightReader.floats(OTHER, both));
        assertTrue(both.find(B).file().isEmpty() && both.find(B).bytes().isReadOnly());
        assertThrows(InputException.class, () -> one.find(B), "a store does not change");
    }

    @Test
    void whatIsNotThereIsSaid() {
        WeightStore store = ComputedWeights.add(others, A, new float[4]);
        assertEquals("the computed weight \"b\" is not here: a model's text has no values of it; run the pass that computes it",
                assertThrows(InputException.class, () -> store.find(B)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> ComputedWeights.add(store, A, new float[4]));
        assertThrows(IllegalArgumentException.class, () -> ComputedWeights.add(others, A, new float[5]));
        assertThrows(IllegalArgumentException.class, () -> ComputedWeights.add(others, OTHER, new float[1]));
    }
}
