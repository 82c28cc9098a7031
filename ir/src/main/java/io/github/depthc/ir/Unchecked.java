// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.util.List;

/**
 * Parts of a graph as a text states them, for the verifier to check. This is the parser's and not for passes, which make graphs through a
 * {@link RegionBuilder} or a rewriter: a plug-in's jar cannot load this class.
 */
public final class Unchecked {
    private Unchecked() {
    }

    /** A node with stated result types and names, one name for each type, which nothing has checked yet. */
    public static Node node(OpKind kind, List<? extends Value> operands, List<Region> regions, List<Type> types, List<String> names, Location location) {
        return new Node(kind, operands, regions, types, names, location);
    }

    /** A region of parts that nothing has checked yet. */
    public static Region region(List<Param> params, List<Node> nodes, List<? extends Value> yields, Location location) {
        return new Region(params, nodes, yields, location);
    }

    /** The same, in no known place. */
    public static Region region(List<Param> params, List<Node> nodes, List<? extends Value> yields) {
        return region(params, nodes, yields, Location.NONE);
    }
}
