// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import ai.onnxruntime.OrtEnvironment;
import io.github.depthc.backend.bundle.LayerCache;
import java.util.List;

/**
 * Caches of slots that run together: one buffer for each layer, one row for each slot. Freed when the last slot has left.
 */
final class SlotGroup {
    private final OrtEnvironment environment;
    private final OrtSlot[] slots;
    private final CacheBuffer[] layers;
    private final int most;
    private int members;
    // Counts every replacement of a buffer, so that whoever holds its tensors knows.
    private int version;

    /**
     * Moves slots together; afterwards row {@code i} is slot {@code i}.
     *
     * @param extra entries to have room for behind each layer's longest row
     * @param most  no capacity need be larger than this
     */
    SlotGroup(OrtEnvironment environment, List<LayerCache> caches, List<OrtSlot> slots, int[] extra, int most) {
        this.environment = environment;
        this.slots = slots.toArray(OrtSlot[]::new);
        this.layers = new CacheBuffer[caches.size()];
        this.most = most;
        try {
            for (int l = 0; l < layers.length; l++) {
                layers[l] = new CacheBuffer(environment, caches.get(l), this.slots.length, CacheBuffer.bucket(longest(l) + extra[l], most));
                for (int r = 0; r < this.slots.length; r++) {
                    OrtSlot s = this.slots[r];
                    if (s.cached[l] > 0) {
                        layers[l].copyRow(r, s.group.layers[l], s.row, s.cached[l]);
                    }
                }
            }
        } catch (RuntimeException | Error e) {
            free();
            throw e;
        }
        members = this.slots.length;
        for (int r = 0; r < this.slots.length; r++) {
            this.slots[r].join(this, r);
        }
    }

    /** True if the group's rows are exactly these slots in this order. */
    boolean isOf(List<?> others) {
        if (others.size() != slots.length || members != slots.length) {
            return false;
        }
        for (int r = 0; r < slots.length; r++) {
            if (others.get(r) != slots[r]) {
                return false;
            }
        }
        return true;
    }

    /** Makes room for this many entries behind a layer's longest row. */
    void reserve(int layer, int extra) {
        int needed = longest(layer) + extra;
        if (layers[layer].capacity < needed) {
            replace(layer, CacheBuffer.bucket(needed, most));
        }
    }

    /** Gives back what a layer has much too much of: room for this many entries behind the longest row remains. */
    void trim(int layer, int extra) {
        int enough = CacheBuffer.bucket(longest(layer) + extra, most);
        if (enough < layers[layer].capacity) {
            replace(layer, enough);
        }
    }

    private void replace(int layer, int capacity) {
        CacheBuffer old = layers[layer];
        CacheBuffer made = new CacheBuffer(environment, old.cache, slots.length, capacity);
        for (int r = 0; r < slots.length; r++) {
            if (slots[r].group == this) {
                made.copyRow(r, old, r, slots[r].cached[layer]);
            }
        }
        layers[layer] = made;
        version++;
        old.close();
    }

    private int longest(int layer) {
        int longest = 0;
        for (OrtSlot s : slots) {
            longest = Math.max(longest, s.cached[layer]);
        }
        return longest;
    }

    CacheBuffer layer(int index) {
        return layers[index];
    }

    OrtSlot slot(int row) {
        return slots[row];
    }

    int rows() {
        return slots.length;
    }

    /** Changes whenever a buffer has been replaced. */
    int version() {
        return version;
    }

    /** Slots that still are here. */
    int members() {
        return members;
    }

    /** Bytes reserved. */
    long bytes() {
        long sum = 0;
        for (CacheBuffer b : layers) {
            sum += b.bytes();
        }
        return sum;
    }

    /** A slot has left. */
    void left() {
        if (--members == 0) {
            free();
        }
    }

    private void free() {
        for (CacheBuffer b : layers) {
            if (b != null) {
                b.close();
            }
        }
    }
}
