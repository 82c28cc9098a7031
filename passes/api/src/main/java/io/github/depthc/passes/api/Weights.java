// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Origin;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.text.Nearest;
import io.github.depthc.ir.weight.ComputedWeights;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Whether the bytes of weights are there that a pass has put into a model. */
final class Weights {
    private Weights() {
    }

    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /**
     * What is wrong with the weights of a changed model. Where the pass leaves the store as it is, with those that are new in what it changed.
     */
    static Optional<String> ofChange(Model before, Model after) {
        boolean other = before.weights() != after.weights();
        Set<Region> same = other ? Set.of() : bodies(before);
        Set<WeightExpr.Stored> now = stored(after.graph(), same, new HashSet<>());
        Set<WeightExpr.Stored> had = stored(before.graph(), other ? Set.of() : bodies(after), new HashSet<>());
        return now.stream().filter(w -> other || computed(w) || !had.contains(w)).flatMap(w -> fault(before, after, w, !had.contains(w)).stream()).findFirst();
    }

    private static boolean computed(WeightExpr.Stored weight) {
        return weight.source().equals(ComputedWeights.SOURCE);
    }

    /** The bodies of layers, which a pass may have left as they are. */
    private static Set<Region> bodies(Model model) {
        Set<Region> bodies = Collections.newSetFromMap(new IdentityHashMap<>());
        model.layers().forEach(l -> bodies.add(l.region()));
        return bodies;
    }

    /** @param added by the pass, as far as it changed the model */
    private static Optional<String> fault(Model before, Model after, WeightExpr.Stored weight, boolean added) {
        WeightStore store = after.weights();
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
            if (extent.bytes().byteSize() != weight.byteSize()) {
                return Optional.of(name + " of type " + weight.type() + " takes " + weight.byteSize() + " bytes, but " + extent.bytes().byteSize() + " are there");
            }
            return added && computed(weight) ? notFinite(extent.bytes()).map(fault -> name + " of type " + weight.type() + " has " + fault) : Optional.empty();
        } catch (InputException e) {
            if (!added || stored(before.graph(), Set.of(), new HashSet<>()).contains(weight)) {
                return Optional.empty(); // the model came without it
            }
            return computed(weight) ? Optional.of(name + " has no values: a pass that makes a computed weight adds it to the model's weights, with ComputedWeights.add")
                    : hasOthers(before, weight.source()) || !meant(before, weight).isEmpty() ? Optional.of(name + " is not there: " + e.getMessage() + meant(before, weight))
                    : Optional.empty();
        } catch (RuntimeException e) {
            return Optional.of(name + ": its store, " + Origin.of(store.getClass()) + ", failed: " + Origin.words(e));
        }
    }

    private static Optional<String> notFinite(MemorySegment values) {
        for (long i = 0; i < values.byteSize() / Float.BYTES; i++) {
            float value = values.getAtIndex(F32, i);
            if (!Float.isFinite(value)) {
                return Optional.of("the value " + value + " at index " + i + ", expected finite numbers");
            }
        }
        return Optional.empty();
    }

    /** Whether the weights of a source are at hand: they may be looked for later, or nowhere. */
    private static boolean hasOthers(Model model, String source) {
        return stored(model.graph(), Set.of(), new HashSet<>()).stream().filter(w -> w.source().equals(source)).min(Comparator.comparing(WeightExpr.Stored::name)).filter(w -> {
            try {
                return model.weights().find(w) != null;
            } catch (RuntimeException e) {
                return false;
            }
        }).isPresent();
    }

    /** The source that a misspelt one means, as the end of a message; empty where it is like none whose weights are at hand. */
    private static String meant(Model before, WeightExpr.Stored weight) {
        Set<String> sources = new TreeSet<>();
        stored(before.graph(), Set.of(), new HashSet<>()).forEach(w -> sources.add(w.source()));
        sources.removeIf(s -> s.equals(weight.source()) || !hasOthers(before, s));
        return Nearest.hint(weight.source(), sources);
    }

    private static Set<WeightExpr.Stored> stored(Region region, Set<Region> omitted, Set<WeightExpr.Stored> all) {
        for (Node node : region.nodes()) {
            if (node.kind() instanceof Weight w) {
                all.addAll(WeightStore.leaves(w.expr()));
            }
            node.regions().stream().filter(r -> !omitted.contains(r)).forEach(r -> stored(r, omitted, all));
        }
        return all;
    }
}
