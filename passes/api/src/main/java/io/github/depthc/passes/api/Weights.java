// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Origin;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.ComputedWeights;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** Whether the bytes of weights are there that a pass has put into a model. */
final class Weights {
    private Weights() {
    }

    /**
     * What is wrong with the weights of a changed model. A pass that leaves the store as it is can only be wrong about computed weights: those of a
     * checkpoint may be looked for later, or nowhere.
     */
    static Optional<String> ofChange(Model before, Model after) {
        boolean other = before.weights() != after.weights();
        Set<WeightExpr.Stored> now = stored(after.graph(), w -> other || computed(w), new HashSet<>());
        if (now.isEmpty()) {
            return Optional.empty();
        }
        Set<WeightExpr.Stored> had = stored(before.graph(), Weights::computed, new HashSet<>());
        return now.stream().flatMap(w -> fault(after.weights(), w, computed(w) && !had.contains(w)).stream()).findFirst();
    }

    private static boolean computed(WeightExpr.Stored weight) {
        return weight.source().equals(ComputedWeights.SOURCE);
    }

    /** @param needed whether it must be there */
    private static Optional<String> fault(WeightStore store, WeightExpr.Stored weight, boolean needed) {
        String name = "@" + weight.source() + ":\"" + weight.name() + "\"";
        try {
            WeightStore.Extent extent = store.find(weight);
            if (extent == null) {
                return Optional.of(name + ": its store, " + Origin.of(store.getClass()) + ", gives null");
            }
            if (extent.file() == null || !extent.bytes().scope().isAlive() || !extent.bytes().isAccessibleBy(Thread.ofPlatform().unstarted(() -> { }))) {
                return Optional.of(name + ": its store, " + Origin.of(store.getClass()) + ", gives memory that is closed or of one thread alone, or a file that is null; expected "
                        + "memory that any thread may read, such as an Arena.ofAuto() gives");
            }
            return extent.bytes().byteSize() == weight.byteSize() ? Optional.empty()
                    : Optional.of(name + " of type " + weight.type() + " takes " + weight.byteSize() + " bytes, but " + extent.bytes().byteSize() + " are there");
        } catch (InputException e) {
            return needed ? Optional.of(name + " has no values: a pass that makes a computed weight adds it to the model's weights, with ComputedWeights.add") : Optional.empty();
        } catch (RuntimeException e) {
            return Optional.of(name + ": its store, " + Origin.of(store.getClass()) + ", failed: " + Origin.words(e));
        }
    }

    private static Set<WeightExpr.Stored> stored(Region region, Predicate<WeightExpr.Stored> wanted, Set<WeightExpr.Stored> all) {
        region.nodes().forEach(n -> {
            if (n.kind() instanceof Weight w) {
                WeightStore.leaves(w.expr()).stream().filter(wanted).forEach(all::add);
            }
            n.regions().forEach(r -> stored(r, wanted, all));
        });
        return all;
    }
}
