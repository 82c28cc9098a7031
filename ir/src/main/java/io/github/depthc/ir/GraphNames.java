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
    /** What a rows parameter is given as when a graph runs: I64 {@code [rows]}, new tokens of each row. */
    public static final String ROW_LENGTHS = "row_lengths";
    /** The same: I64 {@code [rows]}, sequence index of each row's first new token. */
    public static final String ROW_STARTS = "row_starts";

    private GraphNames() {
    }

    /** Name of a layer's cache parameter. */
    public static String cache(int layer) {
        return "cache." + layer;
    }
}
