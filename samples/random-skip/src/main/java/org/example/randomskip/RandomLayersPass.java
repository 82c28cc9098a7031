// SPDX-License-Identifier: Apache-2.0
package org.example.randomskip;

import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.passes.api.Doc;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Rewriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;

/** Selects a share of the dense layers at random: the baseline that a measured selection has to beat. */
public final class RandomLayersPass implements Pass<RandomLayersPass.Options> {
    /**
     * Options.
     *
     * @param share how much of the dense layers is selected, rounded to a whole number of layers
     * @param seed  another seed selects other layers; the same one always the same
     */
    public record Options(@Doc("share of the dense layers that is selected") double share, @Doc("another seed selects other layers") int seed) {
        public Options {
            if (!(share >= 0 && share <= 1)) {
                throw new IllegalArgumentException("share is " + share + ", expected 0 to 1");
            }
        }
    }

    @Override
    public PassSpec<Options> spec() {
        return new PassSpec<>("random-layers", "select a share of the layers at random", new Options(0.5, 0));
    }

    @Override
    public Outcome run(Model model, Options options, PassContext context) {
        List<Node> dense = model.nodes(Layer.class);
        if (dense.isEmpty()) {
            return new Outcome.NotApplicable("the model has no dense layers; put this pass before random-skip, convert-to-mod and lower-mod");
        }
        var indices = new ArrayList<>(dense.stream().map(n -> ((Layer) n.kind()).index()).toList());
        // java.util.Random, because its numbers are specified: a seed means the same layers on every machine.
        Collections.shuffle(indices, new Random(options.seed()));
        var chosen = new TreeSet<>(indices.subList(0, Math.toIntExact(Math.round(options.share() * indices.size()))));

        context.remark(Diagnostic.remark(Location.NONE, "random layers " + chosen + " of " + dense.size()));
        return Rewriter.graph(model).apply(context, "layers marked", site -> {
            if (site.node().kind() instanceof Layer layer) {
                site.replaceKind(new Layer(layer.index(), chosen.contains(layer.index()), layer.ratio()));
            }
        });
    }
}
