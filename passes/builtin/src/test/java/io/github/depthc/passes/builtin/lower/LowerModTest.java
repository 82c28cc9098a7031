// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.lower;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.Expect;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Lowerable;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpDef;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.SliceLast;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.Printer;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassProvider;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.builtin.BuiltinPasses;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Op kinds of a plug-in are lowered like layers. */
class LowerModTest {
    private static final PassRegistry REGISTRY = PassRegistry.of(List.of(new BuiltinPasses(), new PassProvider() {
        @Override
        public List<Pass<?>> passes() {
            return List.of();
        }

        @Override
        public List<OpDef> ops() {
            return List.of(new OpDef("quarter", Quarter.class, "x / 4"), new OpDef("half", Half.class, "x / 2"),
                    new OpDef("endless", Endless.class, "itself"), new OpDef("doubling", Doubling.class, "makes itself twice"), new OpDef("lost", Lost.class, "nothing"),
                    new OpDef("shrunk", Shrunk.class, "a part"));
        }
    }));

    @Test
    void kindsAreLoweredUntilNoneIsLeftInsideLayersToo() {
        assertEquals("""
                graph(%x: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %c: cache<1x4>) {
                  %half = scale{factor=0.5}(%x) : f32[tokens, 4]
                  %half_1 = scale{factor=0.5}(%half) : f32[tokens, 4]
                  yield %half_1, %c
                }
                """, lower("""
                graph(%x: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %c: cache<1x4>) {
                  %h, %d = layer{index=0, selected=false, ratio=1.0}(%x, %p, %rows, %c) : f32[tokens, 4], cache<1x4>
                    region(%x: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %c: cache<1x4>) {
                      %y = quarter(%x) : f32[tokens, 4]
                      yield %y, %c
                    }
                  yield %h, %d
                }
                """));
    }

    @Test
    void loweringsThatDoNotEndOrLoseResultsAreNamed() {
        String endless = assertThrows(InputException.class, () -> lower("graph(%x: f32[4]) { %y = endless(%x) : f32[4] yield %y }")).getMessage();
        assertTrue(endless.startsWith("pipeline:1:1: lower-mod: op 'endless', ") && endless.endsWith(
                ", is still there after 64 rounds of lowering, which made 1 node; expected lowerings that come to an end"), endless);
        String doubling = assertThrows(InputException.class, () -> lower("graph(%x: f32[4]) { %y = doubling(%x) : f32[4] yield %y }")).getMessage();
        assertTrue(doubling.endsWith(", is still there after 17 rounds of lowering, which made 131072 nodes; expected lowerings that come to an end"), doubling);
        String lost = assertThrows(InputException.class, () -> lower("graph(%x: f32[4]) { %y = lost(%x) : f32[4] yield %y }")).getMessage();
        assertTrue(lost.matches("pipeline:1:1: lower-mod: the lowering of op 'lost', .*LowerModTest.Lost .*, gives 0 values, expected 1, one for each result"), lost);
        String shrunk = assertThrows(InputException.class, () -> lower("graph(%x: f32[4]) { %y = shrunk(%x) : f32[4] yield %y }")).getMessage();
        assertTrue(shrunk.matches("pipeline:1:1: lower-mod: the lowering of op 'shrunk', .*LowerModTest.Shrunk .*, "
                + "gives %part of type f32\\[2] as result 0, expected f32\\[4]"), shrunk);
    }

    private static String lower(String text) {
        Region graph = Parser.region(new SourceText("test.mir", text), REGISTRY.ops());
        return Printer.print(Pipeline.parse("lower-mod", REGISTRY).run(new Model(ModelInfo.NONE, graph, WeightStore.EMPTY),
                PassContext.builder().build(), Pipeline.Listener.NONE).graph());
    }

    /** An op of one operand and a result of the same type. */
    private interface Same extends Lowerable {
        @Override
        default List<Type> infer(List<Type> operands, List<Region> regions) {
            Expect.count(operands, 1);
            return operands;
        }
    }

    private record Quarter() implements Same {
        @Override
        public String mnemonic() {
            return "quarter";
        }

        @Override
        public List<Value> lower(Node node, List<Value> operands, RegionBuilder b) {
            return List.of(b.add("quarter", new Half(), b.add("half", new Half(), operands.getFirst())));
        }
    }

    private record Half() implements Same {
        @Override
        public String mnemonic() {
            return "half";
        }

        @Override
        public List<Value> lower(Node node, List<Value> operands, RegionBuilder b) {
            return List.of(b.add("half", new Unary.Scale(0.5), operands.getFirst()));
        }
    }

    private record Endless() implements Same {
        @Override
        public String mnemonic() {
            return "endless";
        }

        @Override
        public List<Value> lower(Node node, List<Value> operands, RegionBuilder b) {
            return List.of(b.add("again", new Endless(), operands.getFirst()));
        }
    }

    private record Doubling() implements Same {
        @Override
        public String mnemonic() {
            return "doubling";
        }

        @Override
        public List<Value> lower(Node node, List<Value> operands, RegionBuilder b) {
            b.add("again", this, operands.getFirst());
            return List.of(b.add("again", this, operands.getFirst()));
        }
    }

    private record Shrunk() implements Same {
        @Override
        public String mnemonic() {
            return "shrunk";
        }

        @Override
        public List<Value> lower(Node node, List<Value> operands, RegionBuilder b) {
            return List.of(b.add("part", new SliceLast(0, 2), operands.getFirst()));
        }
    }

    private record Lost() implements Same {
        @Override
        public String mnemonic() {
            return "lost";
        }

        @Override
        public List<Value> lower(Node node, List<Value> operands, RegionBuilder b) {
            return List.of();
        }
    }
}
