// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.Counted;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.op.Attention;
import java.util.Optional;

/**
 * Whether a pass has left out all layers. A model without layers is one that is lowered, their bodies inlined: what used a cache in a body, or was
 * attention, is in the graph then; or what is yet to be lowered to that.
 */
final class LeftOut {
    private LeftOut() {
    }

    /** What is missing; a graph on its own may be anything. */
    static Optional<String> ofChange(Model before, Model after) {
        if (before.info().equals(ModelInfo.NONE) || before.layers().isEmpty() || !after.layers().isEmpty() || attends(after.graph()) || Lowering.applies(after.graph())
                || before.layers().stream().noneMatch(l -> attends(l.region()))) {
            return Optional.empty();
        }
        int layers = before.layers().size();
        return Optional.of("the graph has none of the model's " + Counted.of(layers, "layer") + ", nor what " + (layers == 1 ? "its body does" : "their bodies do")
                + "; expected all: one that is to do nothing stays, with a body that gives back the hidden states and the cache it gets");
    }

    private static boolean attends(Region region) {
        return region.yields().stream().anyMatch(v -> v.type() instanceof CacheType && !region.params().contains(v))
                || region.nodes().stream().anyMatch(n -> n.kind() instanceof Attention || n.regions().stream().anyMatch(LeftOut::attends));
    }
}
