// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

final class LayerRangesTest {
    @Test
    void neighboursAreRanges() {
        assertEquals("0-2,5,7-8", LayerRanges.print(List.of(0, 1, 2, 5, 7, 8)));
        assertEquals("4", LayerRanges.print(List.of(4)));
        assertEquals("", LayerRanges.print(List.of()));
    }
}
