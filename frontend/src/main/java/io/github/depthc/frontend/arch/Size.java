// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch;

/** A size that every decoder has, with its key in {@code config.json} and the range that is accepted. */
public enum Size {
    HIDDEN("hidden_size", 1 << 20),
    LAYERS("num_hidden_layers", 1024),
    HEADS("num_attention_heads", 1 << 16),
    KV_HEADS("num_key_value_heads", 1 << 16),
    HEAD_DIM("head_dim", 1 << 16),
    INTERMEDIATE("intermediate_size", 1 << 24),
    VOCAB("vocab_size", 1 << 26),
    CONTEXT("max_position_embeddings", 1 << 30);

    private final String key;
    private final int max;

    Size(String key, int max) {
        this.key = key;
        this.max = max;
    }

    /** The key in {@code config.json}. */
    public String key() {
        return key;
    }

    /** The largest value accepted; the smallest is 1. */
    public int max() {
        return max;
    }
}
