// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.mod;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.ir.TypeException;
import org.junit.jupiter.api.Test;

class RoutingTest {
    @Test
    void eachChoiceIsChangedByItself() {
        Routing all = Routing.plain(0.5).withScore(new Routing.Score.Linear(true)).withGate(new Routing.Gate.Tanh(0.5, 1))
                .withPlacement(Routing.Placement.BLOCK).withSelection(new Routing.Selection.TopK(0.25)).withCandidates(Routing.Candidates.ALL)
                .withKv(Routing.SkippedKv.KEEP).withPositions(Routing.Positions.RENUMBERED).withSkip(new Routing.SkipPath.Gated())
                .withDecode(Routing.DecodeRule.THRESHOLD);
        assertEquals(new Routing(new Routing.Score.Linear(true), new Routing.Gate.Tanh(0.5, 1), Routing.Placement.BLOCK,
                new Routing.Selection.TopK(0.25), Routing.Candidates.ALL, Routing.SkippedKv.KEEP, Routing.Positions.RENUMBERED,
                new Routing.SkipPath.Gated(), Routing.DecodeRule.THRESHOLD), all);
        assertEquals(Routing.original(0.5).withSelection(new Routing.Selection.TopK(0.75)), Routing.original(0.75));
    }

    @Test
    void whatNeedsAScoreComesAfterIt() {
        assertThrows(TypeException.class, () -> Routing.plain(0.5).withSelection(new Routing.Selection.TopK(0.5)));
        assertThrows(TypeException.class, () -> Routing.original(0.5).withScore(new Routing.Score.None()));
    }
}
