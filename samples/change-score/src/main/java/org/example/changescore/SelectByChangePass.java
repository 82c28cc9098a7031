// SPDX-License-Identifier: Apache-2.0
package org.example.changescore;

import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.passes.api.Doc;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Rewriter;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;

/** Selects the layers that change the tokens least on calibration data. */
public final class SelectByChangePass implements Pass<SelectByChangePass.Options> {
    /**
     * Options.
     *
     * @param count how many layers
     */
    public record Options(@Doc("how many layers are selected") int count) {
        public Options {
            if (count < 0) {
                throw new IllegalArgumentException("count is " + count + ", expected 0 or more");
            }
        }
    }

    @Override
    public PassSpec<Options> spec() {
        return new PassSpec<>("select-by-change", "select the layers that change the tokens least on calibration data", new Options(1));
    }

    @Override
    public Outcome run(Model model, Options options, PassContext context) {
        int n = model.layers().size();
        if (model.nodes(Layer.class).size() != n || n == 0) {
            return new Outcome.NotApplicable("it measures models whose layers are all dense; put this pass first");
        }
        // The first layer stays: route-by-change needs a layer before the one it converts.
        if (options.count() > n - 1) {
            throw new InputException(options.count() + " layers are asked for, but of the model's " + n + " only those after the first can be selected, "
                    + (n - 1) + " of them");
        }
        List<Double> change = context.analyses().get(new LayerChange(), model, context);
        for (int l = 0; l < n; l++) {
            context.remark(Diagnostic.remark(Location.of("layer " + l), String.format(Locale.ROOT, "changes tokens by %.4f", change.get(l))));
        }
        Set<Integer> chosen = new HashSet<>(IntStream.range(1, n).boxed().sorted(Comparator.comparingDouble(change::get)).limit(options.count()).toList());
        return Rewriter.graph(model).apply(context, "layers marked", site -> {
            if (site.node().kind() instanceof Layer layer) {
                site.replaceKind(new Layer(layer.index(), chosen.contains(layer.index()), layer.ratio()));
            }
        });
    }
}
