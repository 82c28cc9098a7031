// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.Rewriter;
import java.util.Optional;

/** Models as they were before they were routed, and why a pass over dense layers finds none to work on. */
public final class DenseLayers {
    private DenseLayers() {
    }

    /** The same model, every layer dense. */
    public static Model of(Model model) {
        Outcome outcome = Rewriter.graph(model).apply(PassContext.builder().build(), "layers", site -> {
            if (site.node().kind() instanceof ModLayer l) {
                site.replaceKind(new Layer(l.index()), site.operands().subList(0, Layer.OPERANDS));
            }
        });
        return outcome instanceof Outcome.Changed changed ? changed.model() : model;
    }

    /** Set where the model has no layers as nodes. */
    public static Optional<Outcome.NotApplicable> lowered(Model model) {
        return model.layers().isEmpty()
                ? Optional.of(new Outcome.NotApplicable("the model has no layers, it is lowered already; put this pass before lower-mod"))
                : Optional.empty();
    }

    /** Set where the model has no dense layers as nodes. */
    public static Optional<Outcome.NotApplicable> missing(Model model) {
        return lowered(model).or(() -> model.nodes(Layer.class).isEmpty()
                ? Optional.of(new Outcome.NotApplicable("every layer is a Mixture-of-Depths layer already")) : Optional.empty());
    }
}
