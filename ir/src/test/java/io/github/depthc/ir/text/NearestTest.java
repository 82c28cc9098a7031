// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class NearestTest {
    @Test
    void theNearestNameIsSuggested() {
        assertEquals("; did you mean 'linear'?", Nearest.hint("lineal", List.of("layer", "linear", "line")));
        assertEquals("; did you mean 'ratio'?", Nearest.hint("Ratio", List.of("ratio")));
        assertEquals("; did you mean 'mlp'?", Nearest.hint("mpl", List.of("attention", "mlp")));
        assertEquals("; did you mean 'ab'?", Nearest.hint("a", List.of("ab", "ac")));
    }

    @Test
    void nothingIsSuggestedWhenNothingIsNear() {
        assertEquals("", Nearest.hint("softmax", List.of("linear", "mul")));
        assertEquals("", Nearest.hint("x", List.of("y", "z")));
        assertEquals("", Nearest.hint("", List.of("linear")));
        assertEquals("", Nearest.hint("x".repeat(1000), List.of("x".repeat(1000))));
    }
}
