// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.verify;

import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Rule: a stored weight has the same type everywhere in a graph and the regions in it. */
final class StoredWeights {
    private record Key(String source, String name) {
    }

    private final Map<Key, WeightExpr.Stored> seen = new HashMap<>();

    void check(Node node, List<Diagnostic> errors) {
        if (!(node.kind() instanceof Weight(WeightExpr weight))) {
            return;
        }
        for (WeightExpr.Stored stored : WeightStore.leaves(weight)) {
            WeightExpr.Stored first = seen.putIfAbsent(new Key(stored.source(), stored.name()), stored);
            if (first != null && !first.type().equals(stored.type())) {
                errors.add(Verifier.error(node, "the weight @" + stored.source() + ":\"" + stored.name() + "\" has type "
                        + stored.type() + ", expected " + first.type() + " as where it was used first"));
            }
        }
    }
}
