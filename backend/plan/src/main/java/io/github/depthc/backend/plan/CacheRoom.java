// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import java.util.List;

/** Where a sequence's caches stand: one piece of device memory, in which each layer has room for so many entries. */
final class CacheRoom implements AutoCloseable {
    /** Entries by which a cache's room grows at least; it is a multiple of them. */
    private static final int BLOCK = 64;
    /** What a cache that grows gets beyond its entries: one for so many. What has grown once will grow again. */
    private static final int SPARE = 8;
    /** A layer's caches begin at a multiple of so many bytes. */
    private static final int ALIGNMENT = 256;

    private final List<CacheType> caches;
    private final int[] capacities;
    private final long[] offsets;
    private final DType rowType;
    private final DeviceMemory memory;

    private CacheRoom(List<CacheType> caches, int[] capacities, Device device) {
        this.caches = caches;
        this.capacities = capacities;
        this.rowType = device.rowType();
        this.offsets = new long[capacities.length];
        long bytes = 0;
        for (int l = 0; l < capacities.length; l++) {
            offsets[l] = bytes;
            bytes += layerBytes(caches.get(l), capacities[l], rowType);
        }
        this.memory = device.allocate(bytes);
    }

    /** Room for the entries of a prompt, and a block at most. */
    static CacheRoom of(List<CacheType> caches, int[] entries, Device device) {
        int[] capacities = new int[entries.length];
        for (int l = 0; l < entries.length; l++) {
            capacities[l] = whole(entries[l]);
        }
        return new CacheRoom(caches, capacities, device);
    }

    /** Larger room with the same content; this one stays as it is, and is no longer needed where it worked. */
    CacheRoom grown(int[] entries, int[] lengths, Device device) {
        int[] larger = new int[entries.length];
        for (int l = 0; l < entries.length; l++) {
            larger[l] = Math.max(capacities[l], most(entries[l]));
        }
        var room = new CacheRoom(caches, larger, device);
        try {
            for (int l = 0; l < lengths.length; l++) {
                device.copy(keys(l), room.keys(l), lengths[l] * rowBytes(l));
                device.copy(values(l), room.values(l), lengths[l] * rowBytes(l));
                if (caches.get(l).indexed()) {
                    device.copy(indices(l), room.indices(l), (long) lengths[l] * Integer.BYTES);
                }
            }
            return room;
        } catch (RuntimeException | Error e) {
            Ending.after(e, List.of(room::close));
            throw e;
        }
    }

    /** The most that rooms of so many entries take, however often they grew on the way there. */
    static long mostBytes(List<CacheType> caches, int[] entries, DType rowType) {
        long sum = 0;
        for (int l = 0; l < entries.length; l++) {
            sum += layerBytes(caches.get(l), most(entries[l]), rowType);
        }
        return sum;
    }

    /** Bytes of so many entries themselves. */
    static long bytes(CacheType cache, long entries, DType rowType) {
        return entries * (cache.bytesPerToken(rowType) + (cache.indexed() ? Integer.BYTES : 0));
    }

    private static int most(int entries) {
        return whole(entries + entries / SPARE);
    }

    /** A multiple of a block, and one entry more than asked for. */
    private static int whole(int entries) {
        return (entries + BLOCK) / BLOCK * BLOCK;
    }

    private static long layerBytes(CacheType cache, int capacity, DType rowType) {
        return (bytes(cache, capacity, rowType) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private long rowBytes(int layer) {
        return caches.get(layer).bytesPerToken(rowType) / 2;
    }

    /** Whether there is room for so many entries in each layer. */
    boolean fits(int[] entries) {
        for (int l = 0; l < entries.length; l++) {
            if (entries[l] > capacities[l]) {
                return false;
            }
        }
        return true;
    }

    /** Address of a layer's keys. */
    long keys(int layer) {
        return memory.address() + offsets[layer];
    }

    /** Address of a layer's values. */
    long values(int layer) {
        return keys(layer) + capacities[layer] * rowBytes(layer);
    }

    /** Address of a layer's sequence indices, where they are stored. */
    long indices(int layer) {
        return values(layer) + capacities[layer] * rowBytes(layer);
    }

    /** Bytes of the device's memory. */
    long bytes() {
        return memory.bytes();
    }

    @Override
    public void close() {
        memory.close();
    }
}
