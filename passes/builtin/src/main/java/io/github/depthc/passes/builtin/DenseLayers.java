// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.passes.api.Outcome;
import java.util.Optional;

/** Why a pass over layers finds none to work on. */
public final class DenseLayers {
    private DenseLayers() {
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
