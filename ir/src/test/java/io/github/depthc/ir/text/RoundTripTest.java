// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Unchecked;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Constant;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.RotarySpec;
import io.github.depthc.ir.op.RotaryTable;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.verify.Verifier;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Print, parse, print is the identity. */
class RoundTripTest {
    static Region parse(String text) {
        return Parser.region(new SourceText("test.mir", text), BuiltinOps.SET);
    }

    /** Prints, parses, prints, and gives what was parsed. */
    static Region roundTrip(Region region) {
        String text = Printer.print(region);
        Region again = parse(text);
        assertEquals(text, Printer.print(again));
        return again;
    }

    @Test
    void aDecoderIsPrintedAsItWasWritten() throws IOException {
        String text = TestTexts.resource("/text/decoder.mir");
        Model model = Parser.model(new SourceText("decoder.mir", text), BuiltinOps.SET, WeightStore.EMPTY);
        assertEquals(text, Printer.print(model));
        assertEquals(List.of(), Verifier.check(model, BuiltinOps.SET));
    }

    @Test
    void anEncoderIsPrintedAsItWasWritten() throws IOException {
        String text = TestTexts.resource("/text/encoder.mir");
        Model model = Parser.model(new SourceText("encoder.mir", text), BuiltinOps.SET, WeightStore.EMPTY);
        assertEquals(text, Printer.print(model));
        assertEquals(List.of(), Verifier.check(model, BuiltinOps.SET));
        assertTrue(model.encoder());
    }

    @Test
    void theCheckpointsFolderIsKept() throws IOException {
        String text = TestTexts.resource("/text/decoder.mir").replaceFirst("\ngraph", "\ncheckpoint \"../b\"\ngraph")
                .replace("../b", "../a \\\"b");
        Model model = Parser.model(new SourceText("decoder.mir", text), BuiltinOps.SET, WeightStore.EMPTY);
        assertEquals(Optional.of("../a \"b"), model.checkpoint());
        assertEquals(text, Printer.print(model.withGraph(model.graph()).withWeights(WeightStore.EMPTY)));
    }

    @Test
    void spaceCommentsAndOrderOfAttributesDoNotMatter() {
        Region region = parse("""
                // A comment.
                graph ( % x:f32 [ ] ) {
                  %y=layer{ratio=1, // first
                           selected = false, index=3,}
                  ( ) : f32[]
                  yield
                }""".replace("% x", "%x").replace("index=3,}", "index=3}"));
        assertEquals(new Layer(3), region.nodes().getFirst().kind());
    }

    @Test
    void nodesKnowWhereTheyStand() {
        Region region = parse("graph() {\n  %a = constant{value=1}() : f32[]\n    %b, %c = constant{value=1}() : f32[], f32[]\n  yield\n}");
        assertEquals(List.of(new Location("test.mir", 2, 3), new Location("test.mir", 3, 5)),
                region.nodes().stream().map(Node::location).toList());
    }

    static Stream<Routing> routings() {
        var linear = new Routing(new Routing.Score.AttentionReceived(8), new Routing.Gate.Softmax(0.1, 0.9), Routing.Placement.BLOCK,
                new Routing.Selection.Random(1.0 / 3, 7), Routing.Candidates.GIVEN, Routing.SkippedKv.KEEP, Routing.Positions.RENUMBERED,
                new Routing.SkipPath.Linear(2), Routing.DecodeRule.THRESHOLD);
        return Stream.of(Routing.pmod(0.5, new Routing.Gate.Tanh(0.2, 1), true), Routing.pmod(0.15, new Routing.Gate.Sigmoid(1, 0), false),
                Routing.gamma(0.5, 0.5), Routing.original(0.125), Routing.plain(0.7), linear,
                Routing.plain(0.7).withScore(new Routing.Score.Given(2, 8)),
                new Routing(new Routing.Score.Given(), new Routing.Gate.One(), Routing.Placement.MLP, new Routing.Selection.TopK(0.5),
                        Routing.Candidates.PROMPT, Routing.SkippedKv.DROP, Routing.Positions.ORIGINAL, new Routing.SkipPath.Linear(2),
                        Routing.DecodeRule.DENSE));
    }

    @ParameterizedTest
    @MethodSource("routings")
    void everyRoutingIsReadBackEqual(Routing routing) {
        var layer = new ModLayer(0, routing);
        var b = new RegionBuilder();
        TensorType x = TensorType.of(DType.F32, Dim.TOKENS, Dim.of(4));
        var operands = new ArrayList<Value>(List.of(b.param("x", x), b.param("positions", TensorType.of(DType.I64, Dim.TOKENS)),
                b.param("rows", new RowsType(Dim.TOKENS)), b.param("cache", new CacheType(1, 4, true)),
                b.param("candidates", TensorType.of(DType.BOOL, Dim.TOKENS))));
        if (routing.score() instanceof Routing.Score.Given) {
            operands.add(b.param("scores", TensorType.of(DType.F32, Dim.TOKENS)));
        }
        for (long[] shape : routing.weightShapes(4)) {
            operands.add(weight(b, "w." + operands.size(), shape));
        }
        var body = new RegionBuilder();
        List<Param> params = operands.subList(0, Layer.OPERANDS).stream().map(v -> body.param(v.name(), v.type())).toList();
        Node node = b.node("y", layer, operands, List.of(body.build(List.of(params.get(Layer.HIDDEN), params.get(Layer.CACHE)))), "cache");

        Region again = roundTrip(b.build(node.results()));

        assertEquals(layer, again.nodes().getLast().kind());
        assertEquals(List.of(), Verifier.check(again, BuiltinOps.SET));
    }

    private static Value weight(RegionBuilder b, String name, long... shape) {
        return b.add(name, new Weight(new WeightExpr.Stored("routers", name, TensorType.fixed(DType.F32, shape))));
    }

    static Stream<OpKind> attributes() {
        var stored = new WeightExpr.Stored("checkpoint", "naïve \"quoted\"\n\u0007\u2028 名 😀 \ud800", TensorType.fixed(DType.BF16, 2, 3));
        return Stream.of(
                new RotaryTable(new RotarySpec(4, 1e6, new RotarySpec.Scaling.None())),
                new RotaryTable(new RotarySpec(4, 500_000.5, new RotarySpec.Scaling.Llama3(8, 1, 4, 8192))),
                new RotaryTable(new RotarySpec(4, 1e4, new RotarySpec.Scaling.Yarn(4, 32, 1, 4096, 1.1386294361119891, true))),
                new RotaryTable(new RotarySpec(4, 1e4, new RotarySpec.Scaling.LongRope(List.of(1.0, 1.08), List.of(), 4096, 1.19))),
                new Constant(-0.0), new Constant(Double.MIN_VALUE), new Constant(Double.MAX_VALUE), new Constant(0.1), new Constant(1e-5),
                new Constant(123456789012345680.0), new Constant(1e23), new Unary.Gelu(true),
                new Weight(stored),
                new Weight(new WeightExpr.Slice(new WeightExpr.Concat(List.of(stored, new WeightExpr.Cast(
                        new WeightExpr.Reshape(new WeightExpr.Transpose(stored, List.of(1, 0)), List.of(2L, 3L)), DType.BF16)), 0), 0, 1, 2)),
                new Weight(new WeightExpr.Inline(TensorType.fixed(DType.F32, 0), List.of())));
    }

    @ParameterizedTest
    @MethodSource("attributes")
    void attributesAreReadBackEqual(OpKind kind) {
        Node node = Unchecked.node(kind, List.of(), List.of(), List.of(TensorType.of(DType.F32)), List.of("x"), Location.NONE);
        Region again = roundTrip(Unchecked.region(List.of(), List.of(node), List.of(node.result(0))));
        assertEquals(kind, again.nodes().getFirst().kind());
    }

    @Test
    void aWeightWithAnotherTypeThanItsOwnIsKept() {
        Node node = Unchecked.node(new Weight(new WeightExpr.Stored("c", "w", TensorType.fixed(DType.F32, 2))), List.of(), List.of(),
                List.of(TensorType.fixed(DType.F32, 3)), List.of("w"), Location.NONE);
        Region again = roundTrip(Unchecked.region(List.of(), List.of(node), List.of()));
        assertEquals(TensorType.fixed(DType.F32, 3), again.nodes().getFirst().result(0).type());
    }

    @Test
    void anOpWithoutResultsOrWithOperandsItShouldNotHaveIsKept() {
        Param p = new Param("p", TensorType.of(DType.F32));
        OpKind weight = new Weight(new WeightExpr.Stored("c", "w", TensorType.fixed(DType.F32, 2)));
        Node none = Unchecked.node(weight, List.of(p), List.of(), List.of(), List.of(), Location.NONE);
        Node silent = Unchecked.node(new Constant(1), List.of(p, p), List.of(), List.of(), List.of(), Location.NONE);
        Region again = roundTrip(Unchecked.region(List.of(p), List.of(none, silent, none), List.of()));
        assertEquals(2, again.nodes().get(1).operands().size());
    }

    @Test
    void namesAreMadeUniqueAndWritable() {
        TensorType scalar = TensorType.of(DType.F32);
        var params = Stream.of("x", "x", "x_1", "x", "", "a b", "é", "a_b").map(n -> new Param(n, scalar)).toList();
        String text = Printer.print(Unchecked.region(params, List.of(), List.copyOf(params)));
        assertTrue(text.endsWith("yield %x, %x_1, %x_1_1, %x_2, %_, %a_b, %__1, %a_b_1\n}\n"), text);
        assertEquals(text, Printer.print(parse(text)));
    }

    @Test
    void symbolsThatAreNoIdentifiersAreQuoted() {
        Param p = new Param("p", TensorType.of(DType.F32, Dim.of("64"), Dim.of("a b"), Dim.of("kept.3"), Dim.of(64)));
        Param rows = new Param("rows", new RowsType(Dim.of("")));
        String text = Printer.print(Unchecked.region(List.of(p, rows), List.of(), List.of()));
        assertTrue(text.startsWith("graph(%p: f32[\"64\", \"a b\", kept.3, 64], %rows: rows[\"\"])"), text);
        assertEquals(p.type(), parse(text).param(0).type());
        assertEquals(rows.type(), parse(text).param(1).type());
    }

    @Test
    void longListsOfParametersAndYieldsAreBroken() {
        var b = new RegionBuilder();
        for (int i = 0; i < 40; i++) {
            b.param("cache." + i, new CacheType(8, 128, false));
        }
        String text = Printer.print(roundTrip(b.build(b.build(List.of()).params())));
        assertTrue(text.lines().allMatch(l -> l.length() <= 120), text);
        assertFalse(text.lines().anyMatch(String::isBlank), text);
    }

    @Test
    void aNodeIsPrintedInOneLine() {
        Region region = parse("""
                graph(%x: f32[]) {
                  %y = layer{index=0, selected=true, ratio=0.5}(%x) : f32[]
                    region(%a: f32[]) {
                      yield %a
                    }
                  yield %y
                }""");
        assertEquals("%y = layer{index=0, selected=true, ratio=0.5}(%x) : f32[] {…}", Printer.print(region.nodes().getFirst()));
        Node broken = Unchecked.node(new Constant(Double.NaN), List.of(), List.of(), List.of(TensorType.of(DType.F32)), List.of("c"), Location.NONE);
        assertEquals("%c = constant{?}() : f32[]", Printer.print(broken));
    }
}
