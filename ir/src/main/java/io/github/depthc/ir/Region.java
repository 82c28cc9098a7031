// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.util.List;

/**
 * Parameters, nodes in an order in which each comes after what it uses, and the values yielded. A region sees nothing
 * outside itself: everything it needs comes in as a parameter, weights stand inside it as nodes.
 */
public record Region(List<Param> params, List<Node> nodes, List<Value> yields) {
    public Region {
        params = List.copyOf(params);
        nodes = List.copyOf(nodes);
        yields = List.copyOf(yields);
    }

    /** Regions, like values, are the same only if they are the same object. */
    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    public Param param(int index) {
        return params.get(index);
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
