// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

/** What a budget counts, of a prompt; as a share of what the dense model takes. */
public enum BudgetOf {
    /** FLOPs of linear layers and attention scores, of both models as they are run. */
    FLOPS("FLOPs", "the dense model's prefill FLOPs, as both are run"),
    /** Bytes of cached keys and values. Those of skipped tokens that are kept save nothing. */
    KV("KV cache", "the dense model's KV cache behind the prompt"),
    /** Seconds that the layers take, measured on this machine; what stands before and behind them is left out. */
    TIME("prefill time", "the dense layers' prefill time, as measured on this machine");

    private final String brief;
    private final String ofDense;

    BudgetOf(String brief, String ofDense) {
        this.brief = brief;
        this.ofDense = ofDense;
    }

    /** In a word or two, as in "60 % of the dense … is left". */
    public String brief() {
        return brief;
    }

    /** In full, as in "at 0.6 of …". */
    public String ofDense() {
        return ofDense;
    }
}
