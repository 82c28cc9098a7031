// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.InputException;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassProvider;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.weight.WeightStore;
import java.util.List;
import org.junit.jupiter.api.Test;

class PipelineTest {
    private static final PassRegistry REGISTRY = PassRegistry.load();

    @Test
    void printsBackWhatItRead() {
        String text = "select-layers{rule=given, layers=[1, 3], count=0},schedule{kind=constant, average=0.5, max=0.85, min=0.15, ratio=0.5, list=[], select=true},"
                + "lower-mod,cse";
        assertEquals("schedule,lower-mod", Pipeline.parse(" schedule , lower-mod ", REGISTRY).toString());
        Pipeline once = Pipeline.parse(text.replace("ratio=0.5,", "ratio=0.25,"), REGISTRY);
        assertEquals("select-layers{layers=[1, 3]},schedule{kind=constant, ratio=0.25},lower-mod,cse", once.toString());
        assertEquals(once.toString(), Pipeline.parse(once.toString(), REGISTRY).toString());
        assertEquals("", Pipeline.parse("", REGISTRY).toString());
    }

    @Test
    void mistakesAreLocatedAndCorrected() {
        fails("select-layer{layers=[1]}", "pipeline:1:1", "select-layers");
        fails("select-layers{layer=[1]}", "layers");
        fails("schedule{kind=cosine}", "prd");
        fails("schedule{average=high}", "pipeline:1:18");
        fails("cse dce", "','");
        fails("cse,", "the name of a pass");
    }

    @Test
    void twoPassesOfOneNameAreRefusedNamingBoth() {
        PassProvider other = () -> List.of(new Breaks("cse"));
        var e = assertThrows(InputException.class, () -> PassRegistry.of(List.of(new BuiltinPasses(), other)));
        assertTrue(e.getMessage().contains("CommonSubexpressions") && e.getMessage().contains("Breaks"), e.getMessage());
    }

    @Test
    void aPassThatBreaksTheModelIsNamedWithThoseBefore() {
        PassProvider other = () -> List.of(new Breaks("breaks"));
        PassRegistry registry = PassRegistry.of(List.of(new BuiltinPasses(), other));
        var x = new Param("x", TensorType.of(DType.F32, Dim.TOKENS));
        var model = new Model(ModelInfo.NONE, Region.unchecked(List.of(x), List.of(), List.of(x)), WeightStore.EMPTY);
        var e = assertThrows(InputException.class,
                () -> Pipeline.parse("dce,breaks", registry).run(model, PassContext.builder().build(), Pipeline.Listener.NONE));
        assertTrue(e.getMessage().startsWith("the model is not valid after pass breaks (after dce): "), e.getMessage());
    }

    private static void fails(String pipeline, String... parts) {
        var e = assertThrows(InputException.class, () -> Pipeline.parse(pipeline, REGISTRY), pipeline);
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), e.getMessage());
        }
    }

    /** Yields a value that nothing defines. */
    private record Breaks(String name) implements Pass<NoOptions> {
        @Override
        public PassSpec<NoOptions> spec() {
            return new PassSpec<>(name, "break the model", new NoOptions());
        }

        @Override
        public Outcome run(Model model, NoOptions options, PassContext context) {
            var stranger = new Param("stranger", TensorType.of(DType.F32, Dim.TOKENS));
            return new Outcome.Changed(model.withGraph(Region.unchecked(model.graph().params(), List.of(), List.of(stranger))), "broken");
        }
    }
}
