// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.mod.ModSelect;
import java.util.ArrayList;

/** Has a lowered decoder tell which tokens its routed layers keep. */
final class KeptOutputs {
    private KeptOutputs() {
    }

    /** A model that yields the indices of the tokens that its routed layers keep, too; who does not ask for them does not pay for them. */
    static Model of(Model lowered) {
        if (lowered.encoder() || lowered.nodes(ModSelect.class).isEmpty()) {
            return lowered;
        }
        var b = new RegionBuilder();
        b.copyParams(lowered.graph());
        var yields = new ArrayList<>(b.inline(lowered.graph()));
        lowered.nodes(ModSelect.class).forEach(n -> yields.add(b.value(n.result(0))));
        return lowered.withGraph(b.build(yields));
    }
}
