// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.TypeException;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.SliceLast;
import io.github.depthc.ir.op.Unary;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RewriterTest {
    private static final String GRAPH = """
            graph(%x: f32[tokens, 4]) {
              %a = silu(%x) : f32[tokens, 4]
              %b = tanh(%a) : f32[tokens, 4]
              %c = add(%b, %a) : f32[tokens, 4]
              yield %c
            }
            """;

    private final PassContext context = PassContext.builder().build().of("test");
    private final Model model = Graphs.model(GRAPH, BuiltinOps.SET);

    @Test
    void nothingReplacedIsUnchanged() {
        assertInstanceOf(Outcome.Unchanged.class, Rewriter.graph(model).apply(context, "nodes looked at", site -> { }));
        assertInstanceOf(Outcome.Unchanged.class, Rewriter.graph(model).apply(context, "kinds set", site -> site.replaceKind(site.node().kind())));
        assertEquals(0, context.statistics().all().size());
    }

    @Test
    void anotherKindKeepsNamesUsesAndLocations() {
        var changed = assertInstanceOf(Outcome.Changed.class, Rewriter.graph(model).apply(context, "nodes made sigmoid", site -> {
            if (site.node().kind() instanceof Unary.Tanh) {
                site.replaceKind(new Unary.Sigmoid());
            }
        }));
        assertEquals("""
                %a = silu(%x) : f32[tokens, 4]
                %b = sigmoid(%a) : f32[tokens, 4]
                %c = add(%b, %a) : f32[tokens, 4]
                yield %c""", Graphs.body(changed.model()));
        assertEquals("1 node made sigmoid", changed.summary());
        assertEquals("test.mir:3:3", changed.model().graph().nodes().get(1).location().toString());
        assertEquals(1L, context.statistics().all().get(new Statistics.Key("test", "nodes made sigmoid")));
    }

    @Test
    void newNodesComeBeforeAndTypesAreInferredAnew() {
        var changed = assertInstanceOf(Outcome.Changed.class, Rewriter.graph(model).apply(context, "sliced", site -> {
            if (site.node().kind() instanceof Unary.Silu) {
                site.replaceWith(site.builder().add("half", new SliceLast(0, 2), site.operand(0)));
            }
        }));
        assertEquals("""
                %half = slice_last{begin=0, end=2}(%x) : f32[tokens, 2]
                %b = tanh(%half) : f32[tokens, 2]
                %c = add(%b, %half) : f32[tokens, 2]
                yield %c""", Graphs.body(changed.model()));
    }

    @Test
    void whatIsAddedBehindAKeptNodeIsAChange() {
        var changed = assertInstanceOf(Outcome.Changed.class, Rewriter.graph(model).apply(context, "doubled", site -> {
            if (site.node().kind() instanceof Unary.Tanh) {
                Node kept = site.keep();
                site.builder().map(site.node().result(0), site.builder().add("twice", new Binary.Add(), kept.result(0), kept.result(0)));
            }
        }));
        assertEquals("""
                %a = silu(%x) : f32[tokens, 4]
                %b = tanh(%a) : f32[tokens, 4]
                %twice = add(%b, %b) : f32[tokens, 4]
                %c = add(%twice, %a) : f32[tokens, 4]
                yield %c""", Graphs.body(changed.model()));
        assertEquals("1 doubled", changed.summary());
    }

    @Test
    void anotherValueForTheResultOfAKeptNodeIsAChange() {
        var changed = assertInstanceOf(Outcome.Changed.class, Rewriter.graph(model).apply(context, "nodes gone round", site -> {
            if (site.node().kind() instanceof Unary.Tanh) {
                site.keep();
                site.builder().map(site.node().result(0), site.operand(0));
            }
        }));
        assertEquals("""
                %a = silu(%x) : f32[tokens, 4]
                %b = tanh(%a) : f32[tokens, 4]
                %c = add(%a, %a) : f32[tokens, 4]
                yield %c""", Graphs.body(changed.model()));
        assertEquals("1 node gone round", changed.summary());
        var early = assertThrows(IllegalStateException.class, () -> Rewriter.graph(model).apply(context, "lost", site -> {
            if (site.node().kind() instanceof Unary.Tanh) {
                site.builder().map(site.node().result(0), site.operand(0));
            }
        }));
        assertEquals("a rule mapped %b before its node of op 'tanh' was kept, which maps it anew; call keep() first, or replaceWith(…) alone", early.getMessage());
        var replaced = assertThrows(IllegalStateException.class, () -> Rewriter.graph(model).apply(context, "lost", site -> {
            if (site.node().kind() instanceof Unary.Tanh) {
                site.builder().map(site.node().result(0), site.operand(0));
                site.replaceKind(new Unary.Sigmoid(), site.operands());
            }
        }));
        assertEquals("a rule mapped %b before its node of op 'tanh' was replaced, which maps it anew; call replaceKind(…) first, or replaceWith(…) alone", replaced.getMessage());
        var nameless = assertThrows(IllegalArgumentException.class, () -> Rewriter.graph(model).apply(context, "named", site -> {
            site.keep();
            site.builder().add("", new Unary.Silu(), site.operand(0));
        }));
        assertEquals("a value without a name, expected a hint such as \"y\"", nameless.getMessage());
    }

    @Test
    void whatDoesNotFitIsSaidAtOnce() {
        var e = assertThrows(TypeException.class, () -> Rewriter.graph(model).apply(context, "broken", site -> {
            if (site.node().kind() instanceof Unary.Tanh) {
                site.replaceWith(site.builder().add("half", new SliceLast(0, 2), site.operand(0)));
            }
        }));
        assertEquals("test.mir:4:3: add: operand 1 has type f32[tokens, 4], expected f32[tokens, 2], or one value for each row, or one row, or a scalar", e.getMessage());
        assertThrows(IllegalStateException.class, () -> Rewriter.graph(model).apply(context, "removed", site -> {
            if (site.node().kind() instanceof Unary.Tanh) {
                site.remove();
            }
        }));
        assertThrows(IllegalStateException.class, () -> Rewriter.graph(model).apply(context, "twice", site -> {
            site.keep();
            site.remove();
        }));
    }

    private static Model layered() {
        return Graphs.model("""
                graph(%x: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %c0: cache<1x4>, %c1: cache<1x4>) {
                  %h, %d0 = layer{index=0, selected=false, ratio=1.0}(%x, %p, %rows, %c0) : f32[tokens, 4], cache<1x4>
                    region(%x: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %c: cache<1x4>) {
                      %y = silu(%x) : f32[tokens, 4]
                      yield %y, %c
                    }
                  %i, %d1 = layer{index=1, selected=false, ratio=1.0}(%h, %p, %rows, %c1) : f32[tokens, 4], cache<1x4>
                    region(%x: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %c: cache<1x4>) {
                      %y = tanh(%x) : f32[tokens, 4]
                      yield %y, %c
                    }
                  yield %i, %d0, %d1
                }
                """, BuiltinOps.SET);
    }

    @Test
    void aSiteKnowsItsLayer() {
        var seen = new ArrayList<String>();
        Rewriter.bodies(layered()).apply(context, "seen",
                site -> seen.add(site.node().kind().mnemonic() + " of layer " + ((Layer) site.layer().orElseThrow().kind()).index()));
        assertEquals(List.of("silu of layer 0", "tanh of layer 1"), seen);
        Rewriter.graph(layered()).apply(context, "seen", site -> assertEquals(Optional.empty(), site.layer()));
    }

    @Test
    void aDenseLayerIsRouted() {
        String scored = """
                graph(%x: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %score: f32[tokens], %candidates: bool[tokens], %c: cache<1x4>) {
                  %y, %d = layer{index=3, selected=true, ratio=0.5}(%x, %p, %rows, %c) : f32[tokens, 4], cache<1x4>
                    region(%x: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %c: cache<1x4>) {
                      yield %x, %c
                    }
                  yield %y, %d
                }
                """;
        Model dense = Graphs.model(scored, BuiltinOps.SET);
        Routing routing = Routing.plain(0.5).withScore(new Routing.Score.Given()).withSelection(new Routing.Selection.TopK(0.25));
        var routed = assertInstanceOf(Outcome.Changed.class, Rewriter.graph(dense).apply(context, "layers routed",
                site -> site.route(routing, site.value(dense.graph().param("score")))));
        Node mod = routed.model().layers().getFirst();
        assertEquals(new ModLayer(3, routing), mod.kind());
        assertEquals(List.of("x", "p", "rows", "c", "candidates", "score"), mod.operands().stream().map(v -> v.name()).toList());
        assertSame(dense.layers().getFirst().region(), mod.region());

        var missing = assertThrows(TypeException.class, () -> Rewriter.graph(dense).apply(context, "routed", site -> site.route(routing)));
        assertTrue(missing.getMessage().contains("mod: has 5 operands, expected 6"), missing.getMessage());
        assertThrows(IllegalStateException.class, () -> Rewriter.graph(model).apply(context, "routed", site -> site.route(routing)));
        Model alone = Graphs.model(scored.replace("%candidates: bool[tokens], ", ""), BuiltinOps.SET);
        var none = assertThrows(InputException.class, () -> Rewriter.graph(alone).apply(context, "routed", site -> site.route(Routing.plain(1))));
        assertEquals("the graph has no parameter %candidates that says which tokens may be skipped", none.getMessage());
    }

    @Test
    void bodiesThatStayAreTheSameRegions() {
        Model layered = layered();
        var changed = assertInstanceOf(Outcome.Changed.class, Rewriter.bodies(layered).apply(context, "doubled", site -> {
            if (site.node().kind() instanceof Unary.Silu) {
                site.replaceKind(new Unary.Gelu(false));
            }
        }));
        assertEquals(layered.layers().get(1).region(), changed.model().layers().get(1).region());
        assertEquals("gelu", changed.model().layers().getFirst().region().nodes().getFirst().kind().mnemonic());

        var selected = assertInstanceOf(Outcome.Changed.class, Rewriter.graph(layered).apply(context, "selected", site -> {
            if (site.node().kind() instanceof Layer l) {
                site.replaceKind(new Layer(l.index(), true, 0.5));
            }
        }));
        for (int i = 0; i < 2; i++) {
            assertSame(layered.layers().get(i).region(), selected.model().layers().get(i).region());
        }
    }
}
