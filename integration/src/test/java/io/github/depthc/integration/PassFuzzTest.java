// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.integration.bench.Fuzz;
import io.github.depthc.testkit.Fuzzer;
import org.junit.jupiter.api.Test;

/** Random models through every pass that must keep what a model computes; {@code tools/bench/fuzz.sh} runs more of them. */
class PassFuzzTest {
    private static final int MODELS = 500;

    @Test
    void valuesAreKept() {
        Fuzzer.Summary summary = Fuzz.builtinPasses(Bundles.REGISTRY).run(0, MODELS);
        assertEquals(6, summary.changed().size(), summary.toString());
        assertTrue(summary.changed().values().stream().allMatch(n -> n > MODELS / 10), summary.toString());
    }
}
