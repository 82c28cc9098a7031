// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import io.github.depthc.frontend.checkpoint.RouterFile;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What a conversion takes from a file of router weights, and what it leaves aside, which may be a mistake in the options. */
public final class RouterWeights {
    private static final int SHOWN = 3;

    private RouterWeights() {
    }

    /** {@link InputException} where routers are asked for, of a conversion that was given none. */
    public static void requireNone(Model lowered) {
        used(lowered).stream().sorted().findFirst().ifPresent(name -> {
            throw new InputException("the pipeline makes layers with trained routers (" + name + "); give them with --routers FILE.safetensors, or convert with style=plain");
        });
    }

    private static Set<String> used(Model lowered) {
        return lowered.nodes(Weight.class).stream().flatMap(n -> WeightStore.leaves(((Weight) n.kind()).expr()).stream())
                .filter(w -> w.source().equals(RouterFile.SOURCE)).map(WeightExpr.Stored::name).collect(Collectors.toSet());
    }

    /** A sentence where the layers that share a router are not those that the file names; empty where they are, or none share one. */
    public static Optional<String> moved(RouterFile file, Model layered, Model lowered) {
        List<Integer> named = file.sharingLayers();
        List<Integer> routed = layered.layers().stream().map(n -> (DecoderLayer) n.kind()).filter(l -> l.routed().isPresent()).map(DecoderLayer::index).toList();
        if (named.isEmpty() || named.equals(routed) || !used(lowered).contains(RouterFile.SHARED)) {
            return Optional.empty();
        }
        return Optional.of(file.file() + ": names the router that layers share after layers " + named + ", but layers " + routed + " are converted and share it.");
    }

    /** A sentence that names some tensors that are not used; empty when all are. */
    public static Optional<String> unused(RouterFile file, Model lowered) {
        Set<String> used = used(lowered);
        List<String> unused = file.unused(used);
        if (unused.isEmpty()) {
            return Optional.empty();
        }
        String names = unused.stream().limit(SHOWN).collect(Collectors.joining(", ")) + (unused.size() > SHOWN ? ", …" : "");
        return Optional.of(file.file() + ": of its tensors, " + unused.size() + (unused.size() == 1 ? " is" : " are") + " not used (" + names
                + "): no converted layer asks for " + (unused.size() == 1 ? "it" : "them") + ".");
    }
}
