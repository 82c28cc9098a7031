// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.Model;
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
}
