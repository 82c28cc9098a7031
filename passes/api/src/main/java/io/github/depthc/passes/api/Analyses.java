// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.Model;
import java.util.HashMap;
import java.util.Map;

/**
 * Results of analyses, kept as long as what they were computed from stays the same. A pass need not say what it preserves: an
 * analysis says what it depends on, and a change of that makes its result invalid.
 */
public final class Analyses {
    private final Map<Analysis<?>, Known> results = new HashMap<>();

    private record Known(Object dependsOn, Object result) {
    }

    Analyses() {
    }

    /** The result for this model, computed now unless it is known. */
    public <R> R get(Analysis<R> analysis, Model of, PassContext context) {
        Object dependsOn = analysis.dependsOn(of);
        Known known = results.get(analysis);
        if (known == null || !known.dependsOn.equals(dependsOn)) {
            known = new Known(dependsOn, analysis.compute(of, context));
            results.put(analysis, known);
        }
        @SuppressWarnings("unchecked")
        R result = (R) known.result;
        return result;
    }

    /** Something computed from a model; equal analyses give equal results (make it a record). */
    public interface Analysis<R> {
        /** Computes it. */
        R compute(Model model, PassContext context);

        /**
         * What the result depends on: as long as this is equal to what it was, the result is used again. Nodes, values and regions are
         * equal if they are the same object, op kinds and weights if they say the same. All of the model, unless overridden.
         */
        default Object dependsOn(Model model) {
            return model;
        }
    }
}
