// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.backend.bundle.LayerPlan;
import io.github.depthc.ir.mod.Routing;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

final class KeptTokensTest {
    private static LayerPlan plain(double ratio) {
        return LayerPlan.mod(1, Routing.plain(ratio), "plain");
    }

    @Test
    void denseKeepsAll() {
        assertEquals(OptionalInt.of(10), KeptTokens.predict(LayerPlan.dense(0), 10, 8));
    }

    @Test
    void ratioIsOfTheCandidatesAlone() {
        assertEquals(OptionalInt.of(2 + 4), KeptTokens.predict(plain(0.5), 10, 8));
        assertEquals(OptionalInt.of(2), KeptTokens.predict(plain(0.1), 10, 8));
        assertEquals(OptionalInt.of(0), KeptTokens.predict(plain(0), 8, 8));
        assertEquals(OptionalInt.of(10), KeptTokens.predict(plain(1), 10, 8));
    }

    @Test
    void truncatesInSinglePrecision() {
        // 0.7 as a float is a little less than 0.7, yet the float product with 10 rounds to 7; in double it would be 6.99….
        assertEquals(7, Routing.Selection.kept(10, 0.7));
        // 0.57 · 100: 56.99… in double, 57 in float.
        assertEquals(57, Routing.Selection.kept(100, 0.57));
    }

    @Test
    void thresholdIsNotKnownUnlessNobodyIsACandidate() {
        LayerPlan gamma = LayerPlan.mod(1, Routing.gamma(0.005, 0.5), "gamma");
        assertEquals(OptionalInt.empty(), KeptTokens.predict(gamma, 10, 10));
        assertEquals(OptionalInt.of(10), KeptTokens.predict(gamma, 10, 0));
    }

    @Test
    void onlyOfAThresholdTheCacheTells() {
        List<LayerPlan> layers = List.of(LayerPlan.dense(0), plain(0.5), keptKv(0.5), LayerPlan.mod(1, Routing.gamma(0.005, 0.5), "gamma"));
        assertArrayEquals(new int[] {10, 6, 6, 7}, KeptTokens.of(layers, 10, 8, new int[] {10, 6, 10, 7}));
    }

    private static LayerPlan keptKv(double ratio) {
        Routing p = Routing.plain(ratio);
        return LayerPlan.mod(1, new Routing(p.score(), p.gate(), p.placement(), p.selection(), p.candidates(), Routing.SkippedKv.KEEP,
                p.positions(), p.skip(), p.decode()), "plain");
    }

    @Test
    void keptKvCachesAll() {
        LayerPlan layer = keptKv(0.5);
        assertEquals(OptionalInt.of(6), KeptTokens.predict(layer, 10, 8));
        assertEquals(OptionalInt.of(10), KeptTokens.predictCached(layer, 10, 8));
    }
}
