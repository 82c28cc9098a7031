// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.api.Sample;
import io.github.depthc.testkit.RandomModels;
import io.github.depthc.testkit.ValueCheck;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ObservationTest {
    private static final PassRegistry REGISTRY = PassRegistry.load();
    private static final String RECENT = "select-layers{layers=[1]},schedule{kind=constant, ratio=0.5},convert-to-mod{style=plain, kv=keep},route-by-recency";

    /** Of a prompt of 9 tokens, 3 of the 7 in its middle; of one of 7, 2 of 5; and the first and the last. */
    @Test
    void sharesAreOfThePromptsThatReachThere() {
        Observed seen = Observation.of(routed(RECENT), 3, context(Sample.of(1, 2, 3, 4, 5, 6, 7, 0, 1, 3, 5, 7), Sample.of(7, 6, 5, 4, 3, 2, 1, 0, 2, 4), Sample.of(1, 2, 3, 4)));
        assertEquals(2, seen.kept().prompts());
        assertEquals(9, seen.kept().longest());
        assertEquals(1, seen.kept().width());
        assertEquals(0, seen.kept().layers().getFirst().layer());
        assertEquals(List.of(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0), seen.kept().layers().getFirst().shares());
        assertEquals(List.of(1.0, 0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0, 1.0), seen.kept().layers().get(1).shares());
    }

    @Test
    void manyPositionsShareValues() {
        Observed seen = Observation.of(routed(RECENT), 0, context(Sample.of(LongStream.range(0, 41).map(t -> t % 8).toArray())), System::nanoTime, 32);
        assertEquals(2, seen.kept().width());
        List<Double> shares = seen.kept().layers().get(1).shares();
        assertEquals(21, shares.size());
        // the first, the last 19 of 39 between, the last
        assertEquals(List.of(0.5, 0.0), shares.subList(0, 2));
        assertEquals(List.of(0.0, 0.5, 1.0), shares.subList(9, 12));
        assertEquals(List.of(1.0, 1.0), shares.subList(19, 21));
    }

    @Test
    void aTimeIsTheMedianOfRuns() {
        var clock = new AtomicLong();
        Observed seen = Observation.of(routed(RECENT), 0, context(Sample.of(1, 2, 3, 4, 5)), () -> clock.getAndAdd(2_000_000), 128);
        assertEquals(5, seen.times().tokens());
        assertEquals(routed(RECENT).layers().size(), seen.times().parts().size());
        for (Observed.PartTime p : seen.times().parts()) {
            assertEquals(p.first(), p.last());
            assertEquals(0.002, p.routed(), 1e-12);
            assertEquals(0.002, p.dense(), 1e-12);
        }
        assertEquals(seen.times().parts().size() * 0.002, seen.times().routed(), 1e-9);
    }

    /** A layer that goes by what an earlier one saw runs together with that. */
    @Test
    void layersThatNeedEachOtherAreTimedTogether() {
        Model model = routed("select-layers{layers=[1]},schedule{kind=constant, ratio=0.5},convert-to-mod{style=plain, kv=keep},route-by-attention{observers=2, recent=0, earlier=1}");
        Observed seen = Observation.of(model, 0, context(Sample.of(1, 2, 3, 4, 5, 6, 7)));
        assertEquals(model.layers().size(), seen.kept().layers().size());
        assertEquals(2, seen.times().parts().getFirst().last() - seen.times().parts().getFirst().first() + 1);
        assertTrue(seen.times().parts().getFirst().dense() > 0);
        // the first, the last and 2 of 5 between them
        assertEquals(4, seen.kept().layers().get(1).shares().stream().mapToDouble(s -> s).sum(), 1e-9);
    }

    @Test
    void samplesThatAreAllTooShortAreAnError() {
        var e = assertThrows(InputException.class, () -> Observation.of(routed(RECENT), 3, context(Sample.of(1, 2, 3, 4, 5))));
        assertTrue(e.getMessage().startsWith("no calibration sample has a prompt of at least 3 tokens"), e.getMessage());
    }

    private static Model routed(String pipeline) {
        return Pipeline.parse(pipeline, REGISTRY).run(RandomModels.dense(2).model(), PassContext.builder().build(), Pipeline.Listener.NONE);
    }

    private static PassContext context(Sample... samples) {
        return PassContext.builder().executor(new ValueCheck(REGISTRY).context().executor()).calibration(() -> List.of(samples)).build();
    }
}
