// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.ir.CacheType;
import java.util.List;

/** One sequence; its layers' caches stand one after the other in one piece of device memory. */
final class PlanSlot implements Slot {
    final PlanEngine engine;
    final int[] lengths;
    int length;
    boolean closed;
    private final List<CacheType> caches;
    private CacheRoom room;

    PlanSlot(PlanEngine engine, List<CacheType> caches) {
        this.engine = engine;
        this.caches = caches;
        this.lengths = new int[caches.size()];
    }

    /** Makes room for so many entries in each layer; gives whether addresses changed. Where there is no memory for it, all is as it was. */
    boolean reserve(int[] entries) {
        if (room != null && room.fits(entries)) {
            return false;
        }
        CacheRoom old = room;
        room = old == null ? CacheRoom.of(caches, entries, engine.device()) : old.grown(entries, lengths, engine.device());
        if (old != null) {
            old.close();
        }
        return true;
    }

    /** Address of a layer's keys. */
    long keys(int layer) {
        return room.keys(layer);
    }

    /** Address of a layer's values. */
    long values(int layer) {
        return room.values(layer);
    }

    /** Address of a layer's sequence indices, where they are stored. */
    long indices(int layer) {
        return room.indices(layer);
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
        return lengths.clone();
    }

    @Override
    public long kvBytesUsed() {
        return engine.kvBytes(lengths);
    }

    @Override
    public long kvBytesReserved() {
        return room == null ? 0 : room.bytes();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            CacheRoom own = room;
            room = null;
            Ending.all(() -> engine.closed(this), () -> {
                if (own != null) {
                    own.close();
                }
            });
        }
    }
}
