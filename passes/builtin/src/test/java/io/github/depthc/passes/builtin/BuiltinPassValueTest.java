// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.mod.ModOverlap;
import io.github.depthc.ir.op.Segment;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.testkit.RandomModel;
import io.github.depthc.testkit.RandomModels;
import io.github.depthc.testkit.ValueCheck;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a model computes before and after each pass, in both forms of the graph; {@code PassFuzzTest} has more models and less of each. */
class BuiltinPassValueTest {
    private static final ValueCheck CHECK = new ValueCheck(PassRegistry.load());

    /** Clean-ups, on a lowered model in which each finds something. */
    @ParameterizedTest
    @ValueSource(strings = {"cse", "dce", "fold-constants", "fuse-add-norm"})
    void cleanUpsKeepValues(String pass) {
        RandomModel drawn = RandomModels.decoder(2);
        ValueCheck check = CHECK.on(drawn.script());
        Model lowered = check.preserves(drawn.model(), "lower-mod");
        check.changing().preserves(lowered, pass);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void theHoistKeepsValues(long seed) {
        RandomModel drawn = RandomModels.dense(seed);
        ValueCheck check = CHECK.on(drawn.script());
        Model lowered = check.preserves(drawn.model(), "lower-mod,cse,dce");
        check.changing().preserves(lowered, "hoist-gather");
    }

    /** Of routed last layers too, which keep the wanted token or do not. */
    @ParameterizedTest
    @ValueSource(strings = {"convert-to-mod", "convert-to-mod{kv=keep}", "convert-to-mod,route-by-attention{observers=2, recent=0}", "convert-to-mod,route-randomly{seed=3}"})
    void theHoistThroughARoutedLayerKeepsValues(String conversion) {
        for (long seed = 1; seed <= 3; seed++) {
            RandomModel drawn = RandomModels.dense(seed);
            ValueCheck check = CHECK.on(drawn.script());
            Model routed = Pipeline.parse("select-layers{rule=all},schedule{kind=constant, ratio=0.4}," + conversion, CHECK.registry())
                    .run(drawn.model(), check.context(), Pipeline.Listener.NONE);
            Model lowered = check.preserves(routed, "lower-mod,cse,dce");
            Model hoisted = check.changing().preserves(lowered, "hoist-gather");
            assertFalse(hoisted.nodes(ModOverlap.class).isEmpty(), "nothing was narrowed");
        }
    }

    /** What is planned for a layer changes nothing until it is converted, and a conversion that keeps every token changes nothing either. */
    @ParameterizedTest
    @ValueSource(strings = {
        "select-layers{rule=odd}",
        "schedule{kind=constant, ratio=0.3}",
        "select-layers{rule=all},schedule{kind=constant, ratio=1.0},convert-to-mod",
        "select-layers{rule=all},schedule{kind=constant, ratio=1.0},convert-to-mod{kv=keep}",
    })
    void plansKeepValues(String pipeline) {
        RandomModel drawn = RandomModels.dense(2);
        CHECK.on(drawn.script()).changing().preserves(drawn.model(), pipeline);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 4, 5, 10})
    void theWholeLoweringKeepsValues(long seed) {
        RandomModel drawn = RandomModels.decoder(seed);
        CHECK.on(drawn.script()).changing().preserves(drawn.model(), BuiltinPasses.LOWERING);
    }

    /** Segments and fused combinations compute what their bodies and parts do. */
    @ParameterizedTest
    @ValueSource(longs = {0, 1, 2, 3, 4, 5, 6, 7})
    void segmentingKeepsValues(long seed) {
        RandomModel drawn = RandomModels.decoder(seed);
        ValueCheck check = CHECK.on(drawn.script());
        Model lowered = check.preserves(drawn.model(), "lower-mod,cse,dce");
        Model cut = Pipeline.parse("fuse-combine,cut-segments", CHECK.registry()).run(lowered, check.context(), Pipeline.Listener.NONE);
        assertFalse(cut.nodes(Segment.class).isEmpty(), "nothing was cut");
        Model whole = check.preserves(lowered, "fuse-combine,cut-segments,lower-mod");
        assertTrue(whole.nodes(Segment.class).isEmpty(), "segments are left");
    }
}
