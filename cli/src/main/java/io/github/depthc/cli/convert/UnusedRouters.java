// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import io.github.depthc.frontend.checkpoint.RouterFile;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Tensors of a router file that a conversion leaves aside, which may be a mistake in the options. */
public final class UnusedRouters {
    private static final int SHOWN = 3;

    private UnusedRouters() {
    }

    /** A sentence that names some of them; empty when all are used. */
    public static Optional<String> of(RouterFile file, Model lowered) {
        Set<String> used = lowered.nodes(Weight.class).stream().flatMap(n -> WeightStore.leaves(((Weight) n.kind()).expr()).stream())
                .filter(w -> w.source().equals(RouterFile.SOURCE)).map(WeightExpr.Stored::name).collect(Collectors.toSet());
        List<String> unused = file.unused(used);
        if (unused.isEmpty()) {
            return Optional.empty();
        }
        String names = unused.stream().limit(SHOWN).collect(Collectors.joining(", ")) + (unused.size() > SHOWN ? ", …" : "");
        return Optional.of(file.file() + ": of its tensors, " + unused.size() + (unused.size() == 1 ? " is" : " are") + " not used (" + names
                + "): no converted layer asks for " + (unused.size() == 1 ? "it" : "them") + ".");
    }
}
