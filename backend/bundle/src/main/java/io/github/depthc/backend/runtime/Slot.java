// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.runtime;

/**
 * One sequence and its KV caches, one cache for each layer, each with its own length. Closing it frees them. A slot
 * belongs to the engine that opened it and is used by one thread at a time.
 */
public interface Slot extends AutoCloseable {
    /** Tokens of the sequence so far, prompt and generated. */
    int length();

    /**
     * Runs a prompt through this slot; on a slot that has tokens already, the prompt is appended to them.
     *
     * @throws io.github.depthc.ir.InputException see {@link Engine#prefill}
     */
    StepOutput prefill(PromptInput prompt);

    /** Tokens in each layer's cache. */
    int[] cacheLengths();

    /** Bytes of keys and values (and stored indices) of the tokens in the caches. */
    long kvBytesUsed();

    /** Bytes of memory held for the caches, this slot's share of what it has in common with others. */
    long kvBytesReserved();

    @Override
    void close();
}
