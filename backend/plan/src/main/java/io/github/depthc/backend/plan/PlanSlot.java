// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.ir.CacheType;
import java.util.List;

/** One sequence; its layers' caches stand one after the other in one piece of device memory. */
final class PlanSlot implements Slot {
    /** Entries that a cache has room for beyond those of the prompt, and the multiple of its capacity. */
    private static final int ROOM = 64;

    final PlanEngine engine;
    final int[] lengths;
    int length;
    boolean closed;
    private final List<CacheType> caches;
    private final int[] capacities;
    private DeviceMemory memory;

    PlanSlot(PlanEngine engine, List<CacheType> caches) {
        this.engine = engine;
        this.caches = caches;
        this.lengths = new int[caches.size()];
        this.capacities = new int[caches.size()];
    }

    /** Makes room for so many entries in each layer; gives whether addresses changed. */
    boolean reserve(int[] entries) {
        boolean fits = memory != null;
        for (int l = 0; l < entries.length; l++) {
            fits &= entries[l] <= capacities[l];
        }
        if (fits) {
            return false;
        }
        long[] before = new long[2 * capacities.length];
        for (int l = 0; l < capacities.length; l++) {
            before[2 * l] = memory == null ? 0 : keys(l);
            before[2 * l + 1] = memory == null ? 0 : values(l);
        }
        long[] indices = new long[capacities.length];
        for (int l = 0; l < capacities.length; l++) {
            indices[l] = memory == null ? 0 : indices(l);
        }
        DeviceMemory old = memory;
        for (int l = 0; l < entries.length; l++) {
            // what has grown once will grow again
            int wanted = old == null ? entries[l] : Math.max(entries[l], capacities[l] + capacities[l] / 2);
            capacities[l] = (wanted + ROOM) / ROOM * ROOM;
        }
        memory = engine.device().allocate(offset(capacities.length));
        if (old != null) {
            for (int l = 0; l < capacities.length; l++) {
                engine.device().copy(before[2 * l], keys(l), lengths[l] * rowBytes(l));
                engine.device().copy(before[2 * l + 1], values(l), lengths[l] * rowBytes(l));
                if (caches.get(l).indexed()) {
                    engine.device().copy(indices[l], indices(l), (long) lengths[l] * Integer.BYTES);
                }
            }
            old.close();
        }
        return true;
    }

    private long rowBytes(int layer) {
        return caches.get(layer).bytesPerToken(engine.device().rowType()) / 2;
    }

    private long layerBytes(int layer) {
        long bytes = capacities[layer] * (2 * rowBytes(layer) + (caches.get(layer).indexed() ? Integer.BYTES : 0));
        return (bytes + 255) / 256 * 256;
    }

    private long offset(int layer) {
        long offset = 0;
        for (int l = 0; l < layer; l++) {
            offset += layerBytes(l);
        }
        return offset;
    }

    /** Address of a layer's keys. */
    long keys(int layer) {
        return memory.address() + offset(layer);
    }

    /** Address of a layer's values. */
    long values(int layer) {
        return keys(layer) + capacities[layer] * rowBytes(layer);
    }

    /** Address of a layer's sequence indices, where they are stored. */
    long indices(int layer) {
        return values(layer) + capacities[layer] * rowBytes(layer);
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
        long sum = 0;
        for (int l = 0; l < lengths.length; l++) {
            sum += lengths[l] * (2 * rowBytes(l) + (caches.get(l).indexed() ? Integer.BYTES : 0));
        }
        return sum;
    }

    @Override
    public long kvBytesReserved() {
        return memory == null ? 0 : memory.bytes();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            DeviceMemory own = memory;
            memory = null;
            Ending.all(() -> engine.closed(this), () -> {
                if (own != null) {
                    own.close();
                }
            });
        }
    }
}
