// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import io.github.depthc.backend.bundle.LayerCache;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import java.util.List;

/** A sequence; its caches are a row of a {@link SlotGroup}'s buffers. */
final class OrtSlot implements Slot {
    final OrtEngine engine;
    /** Tokens in each layer's cache. */
    final int[] cached;
    int length;
    /** Where the caches are; null before the first prefill. */
    SlotGroup group;
    /** Row in the group. */
    int row;
    boolean closed;

    OrtSlot(OrtEngine engine, int layers) {
        this.engine = engine;
        this.cached = new int[layers];
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public StepOutput prefill(PromptInput prompt) {
        return engine.prefill(List.of(this), List.of(prompt));
    }

    @Override
    public int[] cacheLengths() {
        return cached.clone();
    }

    @Override
    public long kvBytesUsed() {
        List<LayerCache> caches = engine.info().caches();
        long sum = 0;
        for (int i = 0; i < cached.length; i++) {
            sum += cached[i] * caches.get(i).bytesPerToken();
        }
        return sum;
    }

    @Override
    public long kvBytesReserved() {
        return group == null ? 0 : group.bytes() / group.members();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            engine.closed(this);
            leaveGroup();
        }
    }

    /** Moves to a row of another group. */
    void join(SlotGroup to, int toRow) {
        leaveGroup();
        group = to;
        row = toRow;
    }

    private void leaveGroup() {
        if (group != null) {
            group.left();
            group = null;
        }
    }
}
