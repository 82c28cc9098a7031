// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

/** Names of the decoder graph's parameters and results. */
public final class GraphNames {
    public static final String TOKEN_IDS = "input_ids";
    public static final String INPUTS_EMBEDS = "inputs_embeds";
    public static final String POSITIONS = "position_ids";
    public static final String ROWS = "rows";
    public static final String CANDIDATES = "candidates";
    public static final String LOGITS_AT = "logits_at";
    public static final String LOGITS = "logits";

    private GraphNames() {
    }

    /** Name of a layer's cache parameter. */
    public static String cache(int layer) {
        return "cache." + layer;
    }
}
