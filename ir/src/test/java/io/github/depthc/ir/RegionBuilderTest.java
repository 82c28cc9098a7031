// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.op.Unary;
import org.junit.jupiter.api.Test;

/** Building and copying. */
final class RegionBuilderTest {
    private static final Type VECTOR = TensorType.fixed(DType.F32, 2);

    @Test
    void whatIsMappedIsAValueOfTheOldRegion() {
        var old = new RegionBuilder();
        Value before = old.add("y", new Unary.Silu(), old.param("x", VECTOR));
        var made = new RegionBuilder();
        Value after = made.add("y", new Unary.Silu(), made.param("x", VECTOR));
        Value more = made.add("z", new Unary.Silu(), after);
        var e = assertThrows(IllegalArgumentException.class, () -> made.map(after, more));
        assertTrue(e.getMessage().startsWith("%y is a value of the new region, expected one of the old"), e.getMessage());
        made.map(before, more);
        assertEquals(more, made.value(before));
    }
}
