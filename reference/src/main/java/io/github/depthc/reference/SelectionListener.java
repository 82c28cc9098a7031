// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.reference;

import io.github.depthc.ir.mod.Routing;

/** Told of every selection, where a test wants to know which tokens were kept and how near the choice was. */
@FunctionalInterface
public interface SelectionListener {
    /** Told nothing. */
    SelectionListener NONE = (layer, selection, rows, candidates, key, kept) -> { };

    /**
     * A layer chose.
     *
     * @param candidates one flag for each token, 0 or 1
     * @param key        what was compared, one number for each token; null where the rule needs none
     * @param kept       packed indices, ascending
     */
    void selected(int layer, Routing.Selection selection, Rows rows, Tensor candidates, Tensor key, int[] kept);
}
