// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.OpCost;
import io.github.depthc.passes.api.Cost;
import io.github.depthc.passes.builtin.BuiltinPasses;
import io.github.depthc.passes.builtin.DenseLayers;
import java.util.function.ToDoubleFunction;

/** What settings of the routed layers leave of the dense model's cost: 1 is all of it. */
@FunctionalInterface
interface Share {
    /** Of these settings, by layer; null where a layer is not routed. */
    double of(Choice[] settings);

    /** Of FLOPs; as it is run, the last layer computes no more than the last token needs, a dense model's too. */
    static Share flops(LayerChoices layers, Cost.Mix mix) {
        return counted(layers, mix, OpCost::flops);
    }

    /**
     * Of bytes of keys and values.
     *
     * @throws InputException if the model caches none
     */
    static Share kv(LayerChoices layers, Cost.Mix mix) {
        if (cost(DenseLayers.of(layers.model()), mix).cacheBytes() == 0) {
            throw new InputException(layers.model().info().name() + " has no KV cache to count; give a budget of FLOPs or of time");
        }
        return counted(layers, mix, OpCost::cacheBytes);
    }

    private static Share counted(LayerChoices layers, Cost.Mix mix, ToDoubleFunction<OpCost> count) {
        double dense = count.applyAsDouble(cost(DenseLayers.of(layers.model()), mix));
        return settings -> count.applyAsDouble(cost(layers.with(settings), mix)) / dense;
    }

    private static OpCost cost(Model some, Cost.Mix mix) {
        return Cost.lastToken(BuiltinPasses.lowered(some), mix);
    }
}
