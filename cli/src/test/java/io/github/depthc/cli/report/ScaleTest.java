// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ScaleTest {
    @Test
    void unitFollowsTheLargest() {
        assertEquals(new Scale(1e12, "TFLOP", 2), Scale.flops(39.48e12));
        assertEquals(new Scale(1e9, "GFLOP", 1), Scale.flops(999e9));
        assertEquals(new Scale(1, "FLOP", 0), Scale.flops(0));
        assertEquals(new Scale(1, "B", 0), Scale.bytes(1023));
        assertEquals(new Scale(1024, "KiB", 2), Scale.bytes(1024));
        assertEquals(new Scale(1e-3, "ms", 2), Scale.seconds(0.5));
        assertEquals("500", Scale.seconds(0.0005).number(0.0005));
        assertEquals("39.48", Scale.flops(39.48e12).number(39.48e12));
        assertEquals("2,000,000.0", Scale.flops(2e24).number(2e24));
    }

    @Test
    void percentNeverRoundsToAllOrNothing() {
        assertEquals("50.0%", Scale.percent(1, 2, 1));
        assertEquals("100%", Scale.percent(2, 2, 0));
        assertEquals(">99%", Scale.percent(511, 512, 0));
        assertEquals("<0.1%", Scale.percent(1, 1e6, 1));
        assertEquals("0%", Scale.percent(0, 1, 0));
        assertEquals("–", Scale.percent(0, 0, 1));
    }
}
