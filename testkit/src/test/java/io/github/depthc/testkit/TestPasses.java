// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.passes.api.LayerWalk;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassProvider;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.PassSpec;
import java.util.List;

/** Small passes for the kit's own tests. */
final class TestPasses implements PassProvider {
    static final PassRegistry REGISTRY = PassRegistry.of(List.of(new TestPasses()));

    @Override
    public List<Pass<?>> passes() {
        return List.of(new ScaleBy("drop-unit-scale", false), new ScaleBy("drop-scale", true), new Inline(), new Breaks(), new Measure());
    }

    /** Removes scalings: those by one, which keeps values, or all, which does not. */
    private record ScaleBy(String name, boolean all) implements Pass<NoOptions> {
        @Override
        public PassSpec<NoOptions> spec() {
            return new PassSpec<>(name, "remove scalings", new NoOptions());
        }

        @Override
        public Outcome run(Model model, NoOptions options, PassContext context) {
            var b = new RegionBuilder();
            b.copyParams(model.graph());
            int dropped = 0;
            for (Node node : model.graph().nodes()) {
                if (node.kind() instanceof Unary.Scale(double factor) && (all || factor == 1)) {
                    b.map(node.result(0), b.value(node.operand(0)));
                    dropped++;
                } else {
                    b.copy(node);
                }
            }
            context.remark(Diagnostic.remark(Location.NONE, dropped + " dropped"));
            return dropped == 0 ? new Outcome.Unchanged() : new Outcome.Changed(model.withGraph(b.build(b.values(model.graph().yields()))), "");
        }
    }

    /** Fails by its own fault. */
    private record Breaks() implements Pass<NoOptions> {
        @Override
        public PassSpec<NoOptions> spec() {
            return new PassSpec<>("breaks", "fail", new NoOptions());
        }

        @Override
        public Outcome run(Model model, NoOptions options, PassContext context) {
            throw new IllegalStateException("no luck");
        }
    }

    /** Runs the model and remarks a number of each sample. */
    private record Measure() implements Pass<NoOptions> {
        @Override
        public PassSpec<NoOptions> spec() {
            return new PassSpec<>("measure", "sum the hidden states after each layer", new NoOptions());
        }

        @Override
        public Outcome run(Model model, NoOptions options, PassContext context) {
            LayerWalk.run(model, context, "sums", (node, b) -> List.of(), (layer, sample, before, probed, after) -> {
                float sum = 0;
                for (float v : after.floats()) {
                    sum += v;
                }
                context.remark(Diagnostic.remark(Location.NONE, "sample " + sample + " of " + after.shape()[0] + " tokens " + sum));
            });
            return new Outcome.Unchanged();
        }
    }

    /** Inlines dense layers. */
    private record Inline() implements Pass<NoOptions> {
        @Override
        public PassSpec<NoOptions> spec() {
            return new PassSpec<>("inline", "inline dense layers", new NoOptions());
        }

        @Override
        public Outcome run(Model model, NoOptions options, PassContext context) {
            var b = new RegionBuilder();
            b.copyParams(model.graph());
            for (Node node : model.graph().nodes()) {
                if (node.kind() instanceof Layer) {
                    b.map(node.region().params(), b.values(node.operands()));
                    b.map(node.results(), b.inline(node.region()));
                } else {
                    b.copy(node);
                }
            }
            return new Outcome.Changed(model.withGraph(b.build(b.values(model.graph().yields()))), "");
        }
    }
}
