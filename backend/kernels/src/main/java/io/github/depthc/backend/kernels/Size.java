// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

/** What launches and byte floors depend on. */
public enum Size {
    /** Rows (sequences, slots) of the batch. */
    ROWS,
    /** Tokens of all rows. */
    TOKENS,
    /** Kept tokens of all rows. */
    KEPT,
    /** Tokens whose hidden state a combination writes: the kept ones in place without a gate, else all. */
    WRITTEN,
    /** Width of a token's hidden state, or of its keys (or values), in elements. */
    WIDTH,
    /** Bytes of what is gathered of a token. */
    ROW_BYTES,
    /** Query heads. */
    HEADS,
    /** Key heads. */
    KV_HEADS,
    /** Elements of a head. */
    HEAD_DIM,
    /** Parts into which attention over a cache is split. */
    SPLITS,
    /** Cache entries of all rows. */
    CACHED,
    /** Tokens at a row's end whose attention is a score. */
    OBSERVERS,
    /** Elements to fill or to convert. */
    ELEMENTS
}
