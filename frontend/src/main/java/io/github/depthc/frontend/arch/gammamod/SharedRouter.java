// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.gammamod;

import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.frontend.arch.common.DecoderBuilder;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The one router {@code [2, hidden]} that all converted layers share. It is saved as {@code model.layers.N.router.weight}
 * of every converted layer, or of any one of them where the writer stores shared tensors once.
 */
final class SharedRouter {
    /** Name of the weight in its layer. */
    static final String WEIGHT = "router.weight";

    private SharedRouter() {
    }

    /**
     * The router; an {@link io.github.depthc.ir.InputException} when there is none, or two copies differ.
     *
     * @param routed the converted layers, at least one
     */
    static WeightExpr of(Tensors tensors, List<Integer> routed, ModelInfo info) {
        List<WeightExpr.Stored> copies = tensors.withoutCheckpoint() ? List.of()
                : IntStream.range(0, info.layers()).mapToObj(SharedRouter::name).filter(tensors::has)
                        .map(n -> tensors.weight(n, 2, info.hidden())).toList();
        // Without any copy, asking for the first is the error that names it; without a checkpoint it is the only one.
        return copies.isEmpty() ? tensors.weight(name(routed.getFirst()), 2, info.hidden())
                : tensors.oneOf(copies, "copies of one router that all converted layers share");
    }

    private static String name(int layer) {
        return DecoderBuilder.prefix(layer) + WEIGHT;
    }
}
