// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.Unary;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AnalysesTest {
    private static final List<String> COMPUTED = new ArrayList<>();

    /** The number of nodes, which depends on nothing else. */
    private record Count() implements Analyses.Analysis<Integer> {
        @Override
        public Integer compute(Model model, PassContext context) {
            COMPUTED.add("count");
            return model.graph().nodes().size();
        }

        @Override
        public Object dependsOn(Model model) {
            return model.graph().nodes().size();
        }
    }

    /** Depends on all. */
    private record First() implements Analyses.Analysis<String> {
        @Override
        public String compute(Model model, PassContext context) {
            COMPUTED.add("first");
            return model.graph().nodes().getFirst().kind().mnemonic();
        }
    }

    @Test
    void areComputedAgainOnlyWhenWhatTheyDependOnChanged() {
        COMPUTED.clear();
        PassContext context = PassContext.builder().build();
        Model before = Graphs.model("graph(%x: f32[4]) { %y = silu(%x) : f32[4] yield %y }", BuiltinOps.SET);
        var changed = (Outcome.Changed) Rewriter.graph(before).apply(context, "changed", site -> site.replaceKind(new Unary.Tanh()));
        for (Model model : List.of(before, before, changed.model())) {
            assertEquals(1, context.analyses().get(new Count(), model, context));
            assertEquals(model == before ? "silu" : "tanh", context.analyses().get(new First(), model, context));
        }
        assertEquals(List.of("count", "first", "first"), COMPUTED);
    }

    private static final String LAYERED = """
            graph(%x: f32[tokens, 4], %e: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %c0: cache<1x4>, %c1: cache<1x4>) {
              %h = sub(%x, %e) : f32[tokens, 4]
              %y, %d0 = layer{index=0, selected=false, ratio=1.0}(%h, %p, %rows, %c0) : f32[tokens, 4], cache<1x4>
                region(%x: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %c: cache<1x4>) {
                  yield %x, %c
                }
              %z, %d1 = layer{index=1, selected=false, ratio=1.0}(%y, %p, %rows, %c1) : f32[tokens, 4], cache<1x4>
                region(%x: f32[tokens, 4], %p: i64[tokens], %rows: rows[tokens], %c: cache<1x4>) {
                  yield %x, %c
                }
              yield %z, %d0, %d1
            }
            """;

    /** Counts how often it is computed. */
    private record Walked() implements Analyses.Analysis<Integer> {
        @Override
        public Integer compute(Model model, PassContext context) {
            COMPUTED.add("walked");
            return COMPUTED.size();
        }

        @Override
        public Object dependsOn(Model model) {
            return LayerWalk.dependsOn(model);
        }
    }

    private static Model changed(Model model, Rewriter.Rule rule) {
        return ((Outcome.Changed) Rewriter.graph(model).apply(PassContext.builder().build(), "changed", rule)).model();
    }

    private static int walksOf(Model... models) {
        COMPUTED.clear();
        PassContext context = PassContext.builder().build();
        for (Model model : models) {
            context.analyses().get(new Walked(), model, context);
        }
        return COMPUTED.size();
    }

    @Test
    void aWalkIsStaleWhenTheInputsOfLayersAreWiredOtherwise() {
        Model model = Graphs.model(LAYERED, BuiltinOps.SET);
        Model swapped = changed(model, site -> {
            if (site.node().kind() instanceof Binary.Sub sub) {
                site.replaceKind(sub, List.of(site.operand(1), site.operand(0)));
            }
        });
        Model skipping = changed(model, site -> {
            if (site.node().kind() instanceof Layer l && l.index() == 1) {
                var operands = new ArrayList<Value>(site.operands());
                operands.set(Layer.HIDDEN, site.value(model.layers().getFirst().operand(Layer.HIDDEN)));
                site.replaceKind(l, operands);
            }
        });
        assertEquals(2, walksOf(model, swapped), "operands swapped before the first layer");
        assertEquals(2, walksOf(model, skipping), "a layer that reads what the one before reads");
    }

    @Test
    void aWalkHoldsWhenLayersAreMarkedAndTheGraphIsCopied() {
        Model model = Graphs.model(LAYERED, BuiltinOps.SET);
        Model marked = changed(model, site -> {
            if (site.node().kind() instanceof Layer l) {
                site.builder().add("beside", new Unary.Silu(), site.operand(Layer.HIDDEN));
                site.replaceKind(new Layer(l.index(), true, 0.25));
            }
        });
        assertEquals(1, walksOf(model, model, marked));
    }
}
