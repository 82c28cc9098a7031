// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Unchecked;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.text.TextException;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.OptionException;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassProvider;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.api.Place;
import io.github.depthc.passes.builtin.select.SelectLayers;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "select-layers{layers=[0,99]}|pipeline:1:25: select-layers: layer 99 is selected, but the model has layers 0 to 0",
        "dce,select-layers{rule=given,~ layers=[-1]}|pipeline:2:10: select-layers: layer -1 is selected",
        "dce{x=1}|pipeline:1:5: found 'x', expected '}': the pass 'dce' has no options",
        "dce{|pipeline:1:5: found the end of the text, expected '}': the pass 'dce' has no options",
        "select-layers{layers=1}|pipeline:1:22: found '1', expected a list: write [1]",
        "select-layers{layer=[1]}|pipeline:1:15: found 'layer', expected one of rule=, layers=, count=; did you mean 'layers'?",
        "schedule{ratio=1e999}|pipeline:1:16: found '1e999', expected a number that a double can hold",
        "dce,schedule{ratio=7}|pipeline:1:20: schedule: ratio is 7.0, expected 0 to 1",
        "schedule{kind=list, list=[0.5, 2]}|pipeline:1:32: schedule: ratio is 2.0, expected 0 to 1",
        "dce,schedule{kind=list, list=[1, 1]}|pipeline:1:30: schedule: the list has 2 ratios, expected 1, one for each layer",
        "schedule{average=9}|pipeline:1:18: schedule: average is 9.0, expected -0.5 to 1.5",
        "schedule{min=0.5, max=0.4}|pipeline:1:14: schedule: min is 0.5 and max is 0.4, expected min ≤ max",
        "schedule{max=0.1}|pipeline:1:10: schedule: min is 0.15 and max is 0.1, expected min ≤ max",
        "select-layers{rule=odd, layers=[0]}|pipeline:1:32: select-layers: layers has no effect: rule odd does not list them",
        "select-layers{rule=arank}|pipeline:1:15: select-layers: count is 0, expected 1 or more with rule arank",
        "select-layers{layers=[0], count=1}|pipeline:1:33: select-layers: count has no effect: rule given takes no number of layers",
        "dce,select-layers|pipeline:1:5: select-layers: no layer is listed, expected some, such as layers=[1, 3], or another rule",
        "select-layers{count=99999999999}|pipeline:1:21: found '99999999999', expected an integer between -2147483648 and 2147483647",
    })
    void whatIsWrongWithAnOptionIsSaidWhereItStands(String pipeline, String message) {
        var e = assertThrows(TextException.class, () -> Pipeline.parse(pipeline.replace('~', '\n'), REGISTRY)
                .run(oneLayer(), PassContext.builder().build(), Pipeline.Listener.NONE));
        assertTrue(e.getMessage().startsWith(message), e.getMessage());
    }

    @Test
    void optionsOfStepsMadeWithoutATextHaveNoPlace() {
        var step = new Pipeline.Step<>(new SelectLayers(), SelectLayers.Options.given(List.of(7)));
        var e = assertThrows(OptionException.class, () -> Pipeline.of(List.of(step), REGISTRY).run(oneLayer(), PassContext.builder().build(),
                Pipeline.Listener.NONE));
        assertEquals("layer 7 is selected, but the model has layers 0 to 0", e.getMessage());
        assertEquals("layers[0]", e.option());
        assertEquals("", step.place().pass().toString());
    }

    @Test
    void aStepKnowsItsPlace() {
        Place place = Pipeline.parse("dce, select-layers{layers=[1, 3]}", REGISTRY).steps().get(1).place();
        assertEquals("pipeline:1:6", place.pass().toString());
        assertEquals("pipeline:1:31", place.option("layers[1]").toString());
        assertEquals("pipeline:1:27", place.option("layers[5].x").toString());
        assertEquals("pipeline:1:6", place.option("count").toString());
    }

    private static Model oneLayer() {
        return new Model(ModelInfo.NONE, Parser.region(new SourceText("test.mir", """
                graph(%x: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %c: cache<1x4>) {
                  %y, %d = layer{index=0, selected=false, ratio=1.0}(%x, %p, %rows, %c) : f32[tokens, 4], cache<1x4>
                    region(%x: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %c: cache<1x4>) {
                      yield %x, %c
                    }
                  yield %y, %d
                }
                """), REGISTRY.ops()), WeightStore.EMPTY);
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
        var model = new Model(ModelInfo.NONE, Unchecked.region(List.of(x), List.of(), List.of(x)), WeightStore.EMPTY);
        var e = assertThrows(InputException.class,
                () -> Pipeline.parse("dce,breaks", registry).run(model, PassContext.builder().build(), Pipeline.Listener.NONE));
        assertTrue(e.getMessage().startsWith("pipeline:1:5: breaks: the model is not valid after pass breaks (after dce): "), e.getMessage());
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
            return new Outcome.Changed(model.withGraph(Unchecked.region(model.graph().params(), List.of(), List.of(stranger))), "broken");
        }
    }
}
