// SPDX-License-Identifier: Apache-2.0
package org.example.randomskip;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.passes.api.Doc;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Rewriter;

/** Turns the selected layers into Mixture-of-Depths layers that keep random tokens, as many as each layer's planned ratio says. */
public final class RandomSkipPass implements Pass<RandomSkipPass.Options> {
    /**
     * Options.
     *
     * @param seed of the tokens; each layer keeps others
     * @param kv   whether the keys and values of skipped tokens are cached all the same
     */
    public record Options(@Doc("another seed keeps other tokens") int seed,
            @Doc("whether the keys and values of skipped tokens are cached all the same") Routing.SkippedKv kv) {
    }

    @Override
    public PassSpec<Options> spec() {
        return new PassSpec<>("random-skip", "turn the selected layers into layers that keep random tokens",
                new Options(0, Routing.SkippedKv.DROP));
    }

    @Override
    public Outcome run(Model model, Options options, PassContext context) {
        if (model.nodes(Layer.class).stream().noneMatch(n -> ((Layer) n.kind()).selected())) {
            return new Outcome.NotApplicable("no layer is selected; put random-layers or select-layers before this pass");
        }
        return Rewriter.graph(model).apply(context, "layers that skip at random", site -> {
            if (site.node().kind() instanceof Layer layer && layer.selected()) {
                site.route(routing(layer.ratio(), options));
            }
        });
    }

    private static Routing routing(double ratio, Options options) {
        return Routing.plain(ratio).withSelection(new Routing.Selection.Random(ratio, options.seed())).withKv(options.kv());
    }
}
