// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.KeptTokens;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.ir.ModelInfo;
import java.util.List;
import java.util.OptionalInt;

/**
 * Bytes of a prompt's keys and values.
 *
 * @param used      after the prompt
 * @param predicted before it, by the bundle's plan; null where a threshold decides
 * @param dense     those of a dense model
 */
record KvBytes(long used, Long predicted, long dense) {
    static KvBytes of(Engine engine, PromptInput prompt) {
        ModelInfo model = engine.info().model();
        int tokens = prompt.length(model.hidden());
        int candidates = prompt.candidates().count(tokens, engine.info().candidates());
        int[] entries = new int[model.layers()];
        boolean known = true;
        for (int l = 0; l < entries.length; l++) {
            OptionalInt cached = KeptTokens.predictCached(engine.info().layers().get(l), tokens, candidates);
            known &= cached.isPresent();
            entries[l] = cached.orElse(0);
        }
        try (Slot slot = engine.open()) {
            slot.prefill(prompt);
            long dense = 2L * engine.cacheType().bytes() * model.layers() * model.kvHeads() * model.headDim() * tokens;
            return new KvBytes(slot.kvBytesUsed(), known ? engine.kvBytesReserved(List.of(entries)) : null, dense);
        }
    }
}
