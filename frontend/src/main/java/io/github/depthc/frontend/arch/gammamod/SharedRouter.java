// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.gammamod;

import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.frontend.arch.common.DecoderBuilder;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.weight.WeightExpr;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * The one router {@code [2, hidden]} that all converted layers share. It is saved as {@code model.layers.N.router.weight}
 * of every converted layer, or of one of them where the writer stores shared tensors once.
 */
final class SharedRouter {
    private SharedRouter() {
    }

    /** The router; an {@link InputException} when there is none, or two copies differ. */
    static WeightExpr of(Tensors tensors, List<Integer> layers, int hidden) {
        List<String> names = layers.stream().map(i -> DecoderBuilder.prefix(i) + "router.weight").toList();
        List<WeightExpr.Stored> copies = names.stream().filter(tensors::has).map(n -> tensors.weight(n, 2, hidden)).toList();
        // Without any copy, asking for the first is the error that names it.
        WeightExpr.Stored first = copies.isEmpty() ? tensors.weight(names.getFirst(), 2, hidden) : copies.getFirst();
        for (WeightExpr.Stored copy : copies) {
            if (!copy.type().equals(first.type()) || !sameBytes(tensors, first, copy)) {
                throw new InputException("tensors \"" + first.name() + "\" and \"" + copy.name() + "\" differ, expected copies of one"
                        + " router that all converted layers share");
            }
        }
        return first;
    }

    private static boolean sameBytes(Tensors tensors, WeightExpr.Stored a, WeightExpr.Stored b) {
        Optional<MemorySegment> bytes = tensors.bytes(a);
        return bytes.isEmpty() || bytes.get().mismatch(tensors.bytes(b).orElseThrow()) < 0;
    }
}
