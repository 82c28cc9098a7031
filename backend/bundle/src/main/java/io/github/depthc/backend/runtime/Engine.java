// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.runtime;

import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.ir.DType;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** A bundle loaded and ready to run. Used by one thread at a time; closing it closes its slots. */
public interface Engine extends AutoCloseable {
    /** What is running. */
    BundleInfo info();

    /** Element type of keys and values. */
    default DType cacheType() {
        return DType.F32;
    }

    /** What it takes at most; of the model's context nothing is said here. */
    default EngineLimits limits() {
        return EngineLimits.NONE;
    }

    /** Bytes that are free now of the memory that caches are in; empty where that is the machine's own. */
    default OptionalLong freeBytes() {
        return OptionalLong.empty();
    }

    /** Opens an empty slot. */
    Slot open();

    /**
     * Runs prompts, of uneven lengths, through as many empty slots at once. A row's result is the same as alone.
     *
     * @return the logits of each prompt's last position, or of all positions of those prompts that ask for it; of an encoder the
     *     hidden states of all positions
     * @throws io.github.depthc.ir.InputException for an empty prompt, one longer than the model's context or {@link #limits}, an id outside
     *     the vocabulary, or candidates outside the prompt
     * @throws java.io.UncheckedIOException if the run fails, or a logit is NaN or infinite; it says at which position
     */
    StepOutput prefill(List<Slot> slots, List<PromptInput> prompts);

    /**
     * As {@link #prefill(List, List)} of one slot.
     *
     * @param kept gets the indices of the tokens that each routed layer kept, by the layer's number; nothing where the bundle's graph does not tell them
     */
    StepOutput prefill(Slot slot, PromptInput prompt, Map<Integer, int[]> kept);

    /**
     * One decode step: appends one token to each slot and gives the logits after it, row by row. Fastest when the same
     * slots come in the same order as in the call before.
     *
     * @throws io.github.depthc.ir.InputException for an id outside the vocabulary, a slot that has reached the model's
     *     context, more slots than {@link #limits}, or an encoder, which has no steps
     * @throws java.io.UncheckedIOException as {@link #prefill}
     */
    StepOutput step(List<Slot> slots, int[] tokens);

    /**
     * Bytes of memory that the caches of slots take when they run together: more than their entries need where rows are padded to
     * the longest. For a moment, while slots are moved together, those of before are held too. Any thread may ask.
     *
     * @param entries entries in each layer's cache, slot by slot
     */
    long kvBytesReserved(List<int[]> entries);

    @Override
    void close();
}
