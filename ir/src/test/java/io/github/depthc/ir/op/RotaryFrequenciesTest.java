// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.TypeException;
import io.github.depthc.ir.op.RotarySpec.Scaling;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Expected values are those of transformers 4.57.3 ({@code ROPE_INIT_FUNCTIONS}, PyTorch 2.9.1, CPU, F32). */
class RotaryFrequenciesTest {
    private static RotaryFrequencies of(double theta, int dim, Scaling scaling) {
        return RotaryFrequencies.of(new RotarySpec(dim, theta, scaling));
    }

    /** Two units in the last place: PyTorch's vectorised pow is off by up to one. */
    private static void assertClose(float[] actual, double... expected) {
        assertEquals(expected.length, actual.length);
        for (int i = 0; i < expected.length; i++) {
            assertEquals((float) expected[i], actual[i], 2 * Math.ulp((float) expected[i]), "frequency " + i);
        }
    }

    @Test
    void defaults() {
        RotaryFrequencies f = of(10000, 16, new Scaling.None());
        assertClose(f.inverse(), 1, 0.316227764, 0.100000001, 0.0316227786, 0.00999999978, 0.00316227786, 0.00100000005, 0.000316227786);
        assertEquals(1f, f.attentionFactor());
        assertFalse(f.dependsOnLength());
        assertSame(f.inverse(), f.longInverse());
    }

    @Test
    void linear() {
        assertClose(of(10000, 16, new Scaling.Linear(3)).inverse(), 0.333333343, 0.105409257, 0.0333333351, 0.0105409259, 0.00333333318,
                0.00105409266, 0.000333333359, 0.000105409265);
    }

    @Test
    void llama3() {
        RotaryFrequencies f = of(500000, 16, new Scaling.Llama3(8, 1, 4, 64));
        assertClose(f.inverse(), 1, 0.079403013, 0.00470075384, 0.000911583134, 0.000176776681, 3.42810235e-05, 6.64786967e-06, 1.28917316e-06);
        assertEquals(1f, f.attentionFactor());
    }

    @Test
    void llama3OfARealModelKeepsRampsAndDivides() {
        float[] f = of(500000, 128, new Scaling.Llama3(8, 1, 4, 8192)).inverse();
        assertClose(new float[] {f[1], f[28], f[29], f[32], f[34], f[35], f[63]}, 0.814617217, 0.00321144611, 0.00216657063, 0.000524846022,
                0.000178507791, 9.55621217e-05, 3.06892588e-07);
    }

    @Test
    void yarn() {
        RotaryFrequencies f = of(10000, 16, new Scaling.Yarn(4, 32, 1, 32, 1.13862943649292, true));
        assertClose(f.inverse(), 1, 0.197642356, 0.0250000004, 0.00790569466, 0.00249999994, 0.000790569466, 0.000250000012, 7.90569466e-05);
        assertEquals(1.1386294f, f.attentionFactor());
    }

    @Test
    void yarnWithoutTruncation() {
        RotaryFrequencies f = of(10000, 16, new Scaling.Yarn(4, 4, 0.5, 32, 0.85, false));
        assertClose(f.inverse(), 1, 0.212468684, 0.0256643984, 0.00790569466, 0.00249999994, 0.000790569466, 0.000250000012, 7.90569466e-05);
        assertEquals(0.85f, f.attentionFactor());
    }

    @Test
    void yarnOfARealModel() {
        float[] f = of(1000000, 128, new Scaling.Yarn(4, 32, 1, 32768, 1.13862943649292, true)).inverse();
        assertClose(new float[] {f[1], f[23], f[24], f[30], f[38], f[39], f[40], f[63]}, 0.805842221, 0.00697830599, 0.00537532149, 0.00106436096,
                9.26230132e-05, 6.4903943e-05, 4.44569851e-05, 3.10234441e-07);
    }

    @Test
    void longRope() {
        RotaryFrequencies f = of(10000, 8, new Scaling.LongRope(List.of(1.0, 1.3, 1.7, 2.5), List.of(1.5, 2.5, 5.0, 9.0), 32, 1.1832159757614136));
        assertClose(f.inverse(), 1, 0.0769230798, 0.00588235306, 0.00039999999);
        assertClose(f.longInverse(), 0.666666687, 0.0399999991, 0.00200000009, 0.000111111112);
        assertTrue(f.dependsOnLength());
        assertEquals(32, f.switchLength());
        assertEquals(1.183216f, f.attentionFactor());
    }

    @Test
    void factorsWithoutMeaningAreRefused() {
        assertThrows(TypeException.class, () -> of(10000, 16, new Scaling.Linear(0)));
        assertThrows(TypeException.class, () -> of(10000, 16, new Scaling.Llama3(8, 4, 4, 64)));
        assertThrows(TypeException.class, () -> of(10000, 16, new Scaling.Yarn(4, 32, 1, 0, 1, true)));
        var e = assertThrows(TypeException.class,
                () -> of(10000, 16, new Scaling.LongRope(List.of(1.0), List.of(1.0), 32, 1)));
        assertEquals("shortFactor has 1 value, expected 8", e.getMessage());
    }
}
