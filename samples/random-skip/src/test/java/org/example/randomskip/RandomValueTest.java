// SPDX-License-Identifier: Apache-2.0
package org.example.randomskip;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.Model;
import io.github.depthc.passes.api.LayerWalk;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.api.Sample;
import io.github.depthc.testkit.KeptSets;
import io.github.depthc.testkit.RandomModel;
import io.github.depthc.testkit.RandomModels;
import io.github.depthc.testkit.Script;
import io.github.depthc.testkit.ValueCheck;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs random models on ONNX Runtime. */
class RandomValueTest {
    private final PassRegistry passes = PassRegistry.load();
    private final ValueCheck check = new ValueCheck(passes);

    /** A layer that keeps every token is the dense one, whatever the seed. */
    @ParameterizedTest
    @ValueSource(longs = {0, 1, 2})
    void keepingEveryTokenIsDense(long seed) {
        RandomModel random = RandomModels.dense(seed);
        check.on(random.script()).changing().preserves(random.model(),
                "random-layers{share=1.0},schedule{kind=constant, ratio=1.0},random-skip{seed=3}");
    }

    /** Where no candidate is kept, it does not matter how they would have been chosen. */
    @ParameterizedTest
    @ValueSource(longs = {3, 4, 5})
    void keepingNoCandidateIsTheSameAsEvenlySpaced(long seed) {
        RandomModel random = RandomModels.dense(seed);
        String plan = "select-layers{rule=all},schedule{kind=constant, ratio=0.0},";
        check.on(random.script()).same(run(random.model(), plan + "convert-to-mod"), run(random.model(), plan + "random-skip"));
    }

    @Test
    void theRightNumberOfCandidatesIsKeptAndTheSeedDecidesWhich() {
        Model model = RandomModels.dense(6).model();
        int[] tokens = IntStream.range(0, 14).map(i -> i % model.info().vocab()).toArray();
        var prompt = Script.Prompt.of(tokens, 1, 13);

        Map<Integer, long[]> kept = kept(model, 7, prompt);
        assertEquals(model.info().layers(), kept.size());
        for (long[] layer : kept.values()) {
            assertEquals(2 + 6, layer.length, "the first and the last token, and half of the 12 candidates");
            assertTrue(LongStream.of(layer).anyMatch(t -> t == 0) && LongStream.of(layer).anyMatch(t -> t == 13));
        }
        assertArrayEquals(kept.get(0), kept(model, 7, prompt).get(0), "a seed means the same tokens again");
        assertFalse(Arrays.equals(kept.get(0), kept(model, 8, prompt).get(0)), "another seed means other tokens");
    }

    /** A layer without branches gives back what went in. */
    @ParameterizedTest
    @ValueSource(longs = {0, 1, 2})
    void aLayerWithoutBranchesDoesNothing(long seed) {
        Model model = run(RandomModels.dense(seed).model(), "random-layers{share=1.0},drop-branch{branch=attention},drop-branch{branch=mlp}");
        PassContext context = PassContext.builder().executor(check.context().executor()).calibration(() -> List.of(Sample.of(3, 1, 4, 1, 5))).build();
        LayerWalk.run(model, context, "test", (node, b) -> List.of(),
                (layer, sample, before, probed, after) -> assertArrayEquals(before.floats(), after.floats(), "layer " + layer));
    }

    private Map<Integer, long[]> kept(Model model, int seed, Script.Prompt prompt) {
        Model flat = run(model, "random-layers{share=1.0},schedule{kind=constant, ratio=0.5},random-skip{seed=" + seed + "},lower-mod");
        try (KeptSets sets = KeptSets.of(flat, check.context().executor())) {
            return sets.kept(List.of(prompt));
        }
    }

    private Model run(Model model, String pipeline) {
        return Pipeline.parse(pipeline, passes).run(model, check.context(), Pipeline.Listener.NONE);
    }
}
