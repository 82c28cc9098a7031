// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import io.github.depthc.backend.plan.PlanEngine;
import io.github.depthc.backend.runtime.KeptTokens;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.ir.ModelInfo;
import java.util.OptionalInt;

/**
 * Bytes of a prompt's keys and values.
 *
 * @param used      after the prompt, by the entries that the device itself counted
 * @param predicted before it, by the bundle's plan; null where a threshold decides
 * @param dense     those of a dense model
 * @param reserved  that the slot took of the device's memory
 * @param most      that it may take: of each layer the entries that were predicted (all tokens where a threshold decides), one more and a block
 */
record KvBytes(long used, Long predicted, long dense, long reserved, long most) {
    /** Entries by which a cache grows, as {@code docs/gpu.md} says. */
    private static final int BLOCK = 64;
    /** A layer's caches begin at a multiple of so many bytes. */
    private static final int ALIGNMENT = 256;

    static KvBytes of(PlanEngine engine, PromptInput prompt) {
        ModelInfo model = engine.info().model();
        int tokens = prompt.length(model.hidden());
        int candidates = prompt.candidates().count(tokens, engine.info().candidates());
        int[] entries = new int[model.layers()];
        int[] most = new int[model.layers()];
        boolean known = true;
        for (int l = 0; l < entries.length; l++) {
            OptionalInt cached = KeptTokens.predictCached(engine.info().layers().get(l), tokens, candidates);
            known &= cached.isPresent();
            entries[l] = cached.orElse(tokens);
            most[l] = entries[l] + 1 + BLOCK;
        }
        try (Slot slot = engine.open()) {
            int[] counted = engine.entriesOnDevice(slot, prompt);
            long dense = 2L * engine.cacheType().bytes() * model.layers() * model.kvHeads() * model.headDim() * tokens;
            return new KvBytes(engine.kvBytes(counted), known ? engine.kvBytes(entries) : null, dense, slot.kvBytesReserved(),
                    engine.kvBytes(most) + (long) ALIGNMENT * model.layers());
        }
    }
}
