// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.runtime.TokenRange;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.HostTensor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ValueCheckTest {
    private final ValueCheck check = new ValueCheck(TestPasses.REGISTRY).lowering("inline");

    /** A dense decoder whose embeddings are scaled. */
    private static Model scaled(double factor) {
        Model dense = RandomModels.dense(5).model();
        var b = new RegionBuilder();
        b.copyParams(dense.graph());
        for (Node node : dense.graph().nodes()) {
            if (node.kind() instanceof Layer l && l.index() == 0) {
                Value x = b.add("scaled", new Unary.Scale(factor), b.value(node.operand(Layer.HIDDEN)));
                b.map(node.operand(Layer.HIDDEN), x);
            }
            b.copy(node);
        }
        return dense.withGraph(b.build(b.values(dense.graph().yields())));
    }

    @Test
    void aPassThatKeepsValuesPassesInBothForms() {
        Model after = check.changing().preserves(scaled(1), "drop-unit-scale");
        assertEquals(scaled(1).nodes(Layer.class).size(), after.nodes(Layer.class).size());
        check.preserves(check.preserves(scaled(1), "inline"), "drop-unit-scale");
    }

    @Test
    void aPassThatChangesValuesFailsAtTheFirstLogitInBothForms() {
        AssertionError e = assertThrows(AssertionError.class, () -> check.preserves(scaled(1.5), "drop-scale"));
        List<String> lines = e.getMessage().lines().toList();
        assertEquals(2, lines.size());
        assertTrue(lines.get(0).matches("after 'drop-scale' \\(fast form\\): prompt, row 0, position 0, logit 0 is \\S+, expected \\S+ within 1.0E-5; "
                + "\\d+ of \\d+ are further off, the largest difference is \\S+"), lines.get(0));
        assertTrue(lines.get(1).startsWith("after 'drop-scale' (portable form): prompt, row 0, position 0, logit 0 is "), lines.get(1));
    }

    @Test
    void theToleranceIsUsed() {
        check.within(1e6).preserves(scaled(1.5), "drop-scale");
    }

    @Test
    void nothingToDoIsAFailureWhereChangesAreExpected() {
        AssertionError e = assertThrows(AssertionError.class, () -> check.changing().preserves(scaled(1.5), "drop-unit-scale"));
        assertTrue(e.getMessage().startsWith("'drop-unit-scale' changed nothing"), e.getMessage());
    }

    @Test
    void keptTokensAndCacheLengthsAreCompared() {
        Trace a = trace(new long[] {0, 2}, new long[] {2});
        assertEquals("prompt, kept tokens of layer 1: [0, 1], expected [0, 2]", a.difference(trace(new long[] {0, 1}, new long[] {2}), 1).orElseThrow());
        assertEquals("step 0, row 0, cache lengths by layer: [3], expected [2]",
                a.difference(trace(new long[] {0, 2}, new long[] {3}), 1).orElseThrow());
        assertTrue(a.difference(trace(new long[] {0, 2}, new long[] {2}), 0).isEmpty());
    }

    private static Trace trace(long[] kept, long[] caches) {
        return new Trace(List.of(new Trace.Kept("prompt, kept tokens of layer 1", kept), Traces.caches("step 0", 0, caches)));
    }

    @Test
    void notANumberNeverAgrees() {
        Trace one = new Trace(List.of(Traces.step(0, 2, new float[] {1, 2, 3, 4})));
        Trace nan = new Trace(List.of(Traces.step(0, 2, new float[] {1, 2, Float.NaN, 4})));
        assertTrue(one.difference(nan, 1).orElseThrow().startsWith("step 0, row 1, logit 0 is NaN, expected 3.0"));
        assertTrue(nan.overflows());
    }

    @Test
    void aGraphOnItsOwnIsCompared() {
        Model graph = new Model(ModelInfo.NONE, Parser.region(new SourceText("graph.mir", """
                graph(%x: f32[n, 2]) {
                  %a = scale{factor=2.0}(%x) : f32[n, 2]
                  %b = scale{factor=1.0}(%a) : f32[n, 2]
                  yield %b
                }
                """), TestPasses.REGISTRY.ops()), WeightStore.EMPTY);
        Map<String, HostTensor> inputs = Map.of("x", HostTensor.of(new float[] {1, 2, 3, 4}, 2, 2));
        check.changing().preserves(graph, inputs, "drop-unit-scale");
        AssertionError e = assertThrows(AssertionError.class, () -> check.preserves(graph, inputs, "drop-scale"));
        assertEquals("after 'drop-scale': yield 0, row 0, element 0 is 1.0, expected 2.0 within 1.0E-5; 4 of 4 are further off, the largest "
                + "difference is 4.0", e.getMessage());
    }

    @Test
    void scriptsGoByTheModel() {
        Script script = Script.random(RandomModels.dense(5).model().info(), 3);
        assertEquals(List.of(1, 7, 17), script.prompts().stream().map(p -> p.tokens().length).toList());
        assertTrue(script.prompts().getLast().candidates().stream().allMatch(r -> r.begin() >= 0 && r.end() <= 17));
        assertEquals(List.of(new TokenRange(1, 3)), Script.Prompt.of(new int[4], 1, 3).candidates());
        assertEquals(List.of(), Script.Prompt.of(new int[4], 2, 2).candidates());
        boolean[] flags = new Script.Prompt(new int[4], List.of(new TokenRange(1, 3))).flags();
        assertEquals(List.of(false, true, true, false), List.of(flags[0], flags[1], flags[2], flags[3]));
        assertThrows(IllegalArgumentException.class, () -> new Script(script.prompts(), List.of(new int[1])));
    }

    @Test
    void weightsInMemoryAreFoundByName() {
        var weights = new MemoryWeights("checkpoint");
        WeightExpr.Stored w = weights.add("w", DType.BF16, new float[] {1, -2}, 2);
        assertEquals(TensorType.fixed(DType.BF16, 2), w.type());
        assertEquals(4, weights.find(w).bytes().byteSize());
        Exception e = assertThrows(io.github.depthc.ir.InputException.class, () -> weights.find(new WeightExpr.Stored("checkpoint", "v", w.type())));
        assertEquals("the weight @checkpoint:\"v\" is not among those made for this test", e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> weights.add("w", DType.F32, new float[1], 1));
        assertThrows(IllegalArgumentException.class, () -> weights.add("u", DType.F32, new float[1], 2));
    }
}
