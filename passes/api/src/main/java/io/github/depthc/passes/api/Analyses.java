// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.Model;
import java.util.HashMap;
import java.util.Map;

/**
 * Results of analyses, kept as long as the model they were made from stays the same. A pass that changes the model makes
 * all of them invalid, but for those it says it preserves.
 */
public final class Analyses {
    private final Map<Analysis<?>, Object> results = new HashMap<>();
    private Model model;

    Analyses() {
    }

    /** The result for this model, computed now unless it is known. */
    public <R> R get(Analysis<R> analysis, Model of, PassContext context) {
        if (model != of) {
            results.clear();
            model = of;
        }
        @SuppressWarnings("unchecked")
        R known = (R) results.get(analysis);
        if (known == null) {
            known = analysis.compute(of, context);
            results.put(analysis, known);
        }
        return known;
    }

    /** Something computed from a model; equal analyses give equal results (make it a record). */
    public interface Analysis<R> {
        R compute(Model model, PassContext context);
    }
}
