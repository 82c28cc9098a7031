// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.verify;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Value;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Rule: within a region a cache is consumed at most once and not used after that. Backends append to caches in place, so an
 * older state of one does not exist any more.
 */
final class Caches {
    private final Map<Value, Object> consumers = new IdentityHashMap<>();

    void use(Node node, List<Diagnostic> errors) {
        boolean consumes = node.results().stream().anyMatch(r -> r.type() instanceof CacheType);
        for (Value operand : node.operands()) {
            String problem = use(operand, consumes ? node : null);
            if (problem != null) {
                errors.add(Verifier.error(node, problem));
            }
        }
    }

    void yield(Region region, Value value, List<Diagnostic> errors) {
        String problem = use(value, "a yield");
        if (problem != null) {
            errors.add(Verifier.error(region, problem + "; in the yields"));
        }
    }

    /** @param consumer the node that consumes the value, or a text, or null where it is only read */
    private String use(Value value, Object consumer) {
        if (!(value.type() instanceof CacheType)) {
            return null;
        }
        Object before = consumer == null ? consumers.get(value) : consumers.putIfAbsent(value, consumer);
        return before == null ? null : "%" + value.name() + " has been consumed by "
                + (before instanceof Node node ? NodeText.of(node) : before) + ", expected the cache that came of it";
    }
}
