// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.util.List;

/**
 * Parameters, nodes in an order in which each comes after what it uses, and the values yielded. A region sees nothing
 * outside itself: everything it needs comes in as a parameter, weights stand inside it as nodes. A region has identity and never
 * changes. Regions are made through a {@link RegionBuilder}.
 */
public final class Region {
    private final List<Param> params;
    private final List<Node> nodes;
    private final List<Value> yields;
    private final Location location;

    Region(List<Param> params, List<Node> nodes, List<? extends Value> yields, Location location) {
        this.params = List.copyOf(params);
        this.nodes = List.copyOf(nodes);
        this.yields = List.copyOf(yields);
        this.location = location;
    }

    public List<Param> params() {
        return params;
    }

    public List<Node> nodes() {
        return nodes;
    }

    public List<Value> yields() {
        return yields;
    }

    public Param param(int index) {
        return params.get(index);
    }

    /** Where it begins: the word {@code graph} or {@code region} of a text. */
    public Location location() {
        return location;
    }

    /** The parameter of this name, or null. */
    public Param param(String name) {
        for (Param p : params) {
            if (p.name().equals(name)) {
                return p;
            }
        }
        return null;
    }
}
