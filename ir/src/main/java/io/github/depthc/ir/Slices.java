// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.util.ArrayDeque;
import java.util.Set;
import java.util.function.Predicate;

/** Parts of a region by data flow. */
public final class Slices {
    private Slices() {
    }

    /** Adds every node of the same region that a value is computed from. */
    public static void backward(Value value, Set<Node> into) {
        backward(value, into, v -> false);
    }

    /** As {@link #backward(Value, Set)}, but for the values at which it ends, and what only those are computed from. */
    public static void backward(Value value, Set<Node> into, Predicate<Value> ends) {
        var work = new ArrayDeque<Value>();
        work.push(value);
        while (!work.isEmpty()) {
            if (work.pop() instanceof Result r && !ends.test(r) && into.add(r.node())) {
                r.node().operands().forEach(work::push);
            }
        }
    }
}
