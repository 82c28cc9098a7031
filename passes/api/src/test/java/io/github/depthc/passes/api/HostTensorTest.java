// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.ir.DType;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class HostTensorTest {
    @Test
    void sizesBelowZeroAreRefused() {
        HostTensor four = HostTensor.of(new float[4], 2, 2);
        assertEquals("the shape [4294967296, 4294967296] has more bytes than can be counted (2^63 - 1)",
                assertThrows(IllegalArgumentException.class, () -> HostTensor.zeros(DType.F32, 1L << 32, 1L << 32)).getMessage());
        for (Executable negative : List.<Executable>of(() -> HostTensor.of(new float[4], -2, -2), () -> HostTensor.zeros(DType.F32, -2, -2),
                () -> new HostTensor(DType.F32, new long[] {-2, -2}, four.data()))) {
            var e = assertThrows(IllegalArgumentException.class, negative);
            assertEquals("the shape [-2, -2] has the size -2, expected none below 0", e.getMessage());
        }
        assertEquals(0, HostTensor.zeros(DType.F32, 0, 3).size());
    }
}
