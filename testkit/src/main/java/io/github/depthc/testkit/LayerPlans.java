// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.backend.bundle.LayerPlan;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.mod.ModSelect;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What the engine must know of each layer before it runs. */
final class LayerPlans {
    private LayerPlans() {
    }

    /**
     * The plans of a model with layers, exactly; of a flat one, that a layer with a selection keeps a number of tokens that is not
     * known beforehand, by which the engine can run any.
     */
    static List<LayerPlan> of(Model model) {
        var plans = new ArrayList<LayerPlan>();
        for (int i = 0; i < model.info().layers(); i++) {
            plans.add(LayerPlan.dense(i));
        }
        for (Node node : model.graph().nodes()) {
            switch (node.kind()) {
                case DecoderLayer l -> plans.set(l.index(), LayerPlan.of(l, Optional.empty()));
                case ModSelect s -> plans.set(s.index(), LayerPlan.unknown(s.index()));
                default -> { }
            }
        }
        return plans;
    }
}
