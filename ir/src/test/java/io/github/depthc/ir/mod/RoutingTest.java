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
                .withDecode(Routing.DecodeRule.THRESHOLD).withPart(Routing.Part.MLP);
        assertEquals(new Routing(new Routing.Score.Linear(true), new Routing.Gate.Tanh(0.5, 1), Routing.Placement.BLOCK,
                new Routing.Selection.TopK(0.25), Routing.Candidates.ALL, Routing.SkippedKv.KEEP, Routing.Positions.RENUMBERED,
                new Routing.SkipPath.Gated(), Routing.DecodeRule.THRESHOLD, Routing.Part.MLP), all);
        assertEquals(Routing.original(0.5).withSelection(new Routing.Selection.TopK(0.75)), Routing.original(0.75));
    }

    @Test
    void whatNeedsAScoreComesAfterIt() {
        assertThrows(TypeException.class, () -> Routing.plain(0.5).withSelection(new Routing.Selection.TopK(0.5)));
        assertThrows(TypeException.class, () -> Routing.original(0.5).withScore(new Routing.Score.None()));
    }

    @Test
    void aPartGoesWithWhatThereIsOfIt() {
        Routing mlp = Routing.plain(0.5).withPart(Routing.Part.MLP);
        assertEquals(Routing.SkippedKv.KEEP, mlp.kv());
        assertEquals("tokens that skip the MLP alone have keys and values, but these are dropped; expected them to be kept",
                assertThrows(TypeException.class, () -> mlp.withKv(Routing.SkippedKv.DROP)).getMessage());
        assertEquals(Routing.SkippedKv.DROP, Routing.plain(0.5).withPart(Routing.Part.ATTENTION).kv());
        assertThrows(TypeException.class, () -> Routing.pmod(0.5, new Routing.Gate.Tanh(0.2, 1), true).withPart(Routing.Part.ATTENTION));
        assertEquals(Routing.Part.ATTENTION, Routing.original(0.5).withPart(Routing.Part.ATTENTION).part());
    }
}
