// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.Counted;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Lowerable;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpCalls;
import io.github.depthc.ir.Origin;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Type;
import java.util.function.Function;

/** Puts the lowering of ops in their place, those of plug-ins too, until none is left in a region that can be lowered. */
public final class Lowering {
    /** A lowering may use kinds that are lowered themselves, but not without end. */
    private static final int MOST_ROUNDS = 64;
    /** Nodes after lowering, beyond which lowerings are taken to have no end: so many, and so many for each node of before. */
    private static final int MOST_NODES = 100_000;
    private static final int MOST_FOR_EACH = 100;

    private Lowering() {
    }

    /** Whether a node of this region can be lowered; the regions of its nodes are not looked at. */
    public static boolean applies(Region region) {
        return region.nodes().stream().anyMatch(n -> n.kind() instanceof Lowerable);
    }

    /**
     * A region without ops that can be lowered; the same one if it has none.
     *
     * @throws InputException for a lowering that fails, that gives other results than its op, or that has no end
     */
    public static Region of(Region region) {
        return of(region, r -> Param::type);
    }

    /**
     * The same, for a lowering that gives caches another form.
     *
     * @param params of a region as it is before a round, the types that its parameters have after that
     */
    public static Region of(Region region, Function<Region, Function<Param, Type>> params) {
        Region lowered = region;
        long most = MOST_NODES + (long) MOST_FOR_EACH * region.nodes().size();
        for (int round = 0; applies(lowered); round++) {
            if (round == MOST_ROUNDS || lowered.nodes().size() > most) {
                Node endless = first(lowered);
                throw new InputException("op '" + endless.kind().mnemonic() + "', " + Origin.of(endless.kind().getClass()) + ", is still there after " + round
                        + " rounds of lowering, which made " + Counted.of(lowered.nodes().size(), "node") + "; expected lowerings that come to an end");
            }
            lowered = once(lowered, params.apply(lowered));
        }
        return lowered;
    }

    private static Node first(Region region) {
        return region.nodes().stream().filter(n -> n.kind() instanceof Lowerable).findFirst().orElseThrow();
    }

    private static Region once(Region region, Function<Param, Type> params) {
        var b = new RegionBuilder();
        b.begin(region.location());
        for (Param p : region.params()) {
            b.map(p, b.param(p.name(), params.apply(p)));
        }
        for (Node node : region.nodes()) {
            if (node.kind() instanceof Lowerable kind) {
                b.at(node.location());
                b.map(node.results(), OpCalls.lower(kind, node, b.values(node.operands()), b));
            } else {
                b.copy(node);
            }
        }
        return b.build(b.values(region.yields()));
    }
}
