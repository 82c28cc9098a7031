// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

final class SampleTest {
    @Test
    void medianAndSpreadIgnoreAnOutlier() {
        assertEquals(new Sample(3, 1), Sample.of(100, 2, 3, 4, 1));
    }

    @Test
    void anEvenNumberTakesTheMiddleOfTwo() {
        assertEquals(new Sample(2.5, 1), Sample.of(4, 1, 2, 3));
    }

    @Test
    void oneHasNoSpread() {
        assertEquals(new Sample(7, 0), Sample.of(7));
    }
}
