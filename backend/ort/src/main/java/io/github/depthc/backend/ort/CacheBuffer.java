// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import ai.onnxruntime.OrtEnvironment;
import io.github.depthc.backend.bundle.LayerCache;
import io.github.depthc.ir.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Keys and values of one layer for the rows of a group, F32 {@code [rows, kvHeads, capacity, headDim]}, and for an indexed
 * cache each entry's sequence index, I64 {@code [rows, capacity]}.
 */
final class CacheBuffer implements AutoCloseable {
    private static final int SMALLEST = 32;

    final LayerCache cache;
    final int rows;
    final int capacity;
    final NativeTensor key;
    final NativeTensor value;
    /** Null unless the cache is indexed. */
    final NativeTensor index;

    CacheBuffer(OrtEnvironment environment, LayerCache cache, int rows, int capacity) {
        this.cache = cache;
        this.rows = rows;
        this.capacity = capacity;
        NativeTensor k = NativeTensor.of(environment, DType.F32, rows, cache.kvHeads(), capacity, cache.headDim());
        NativeTensor v = null;
        try {
            v = NativeTensor.of(environment, DType.F32, rows, cache.kvHeads(), capacity, cache.headDim());
            this.index = cache.indexed() ? NativeTensor.of(environment, DType.I64, rows, capacity) : null;
        } catch (RuntimeException | Error e) {
            k.close();
            if (v != null) {
                v.close();
            }
            throw e;
        }
        this.key = k;
        this.value = v;
    }

    private static final int MULTIPLE = 16;

    /**
     * The capacity to reserve for this many entries: the next of 32, 48, 64, 96, 128, … (so that copying on growth stays
     * cheap and at most a third lies idle), but no more than {@code most} unless that is too little. A multiple of
     * {@link #MULTIPLE}, to which the graph pads prompts.
     */
    static int bucket(int entries, int most) {
        long size = SMALLEST;
        while (size < entries) {
            size = size + size / 2 >= entries ? size + size / 2 : size * 2;
        }
        long enough = Math.max(entries, Math.min(size, most));
        return Math.toIntExact(Math.min((enough + MULTIPLE - 1) / MULTIPLE, Integer.MAX_VALUE / MULTIPLE) * MULTIPLE);
    }

    /** Bytes reserved. */
    long bytes() {
        return rows * (long) capacity * cache.bytesPerToken();
    }

    /** Copies the first {@code length} entries of a row of another buffer of the same layer to a row of this one. */
    void copyRow(int row, CacheBuffer from, int fromRow, int length) {
        long line = (long) cache.headDim() * Float.BYTES;
        for (int h = 0; h < cache.kvHeads(); h++) {
            long to = ((long) row * cache.kvHeads() + h) * capacity * line;
            long at = ((long) fromRow * cache.kvHeads() + h) * from.capacity * line;
            MemorySegment.copy(from.key.data, at, key.data, to, length * line);
            MemorySegment.copy(from.value.data, at, value.data, to, length * line);
        }
        if (index != null) {
            MemorySegment.copy(from.index.data, (long) fromRow * from.capacity * Long.BYTES, index.data,
                    (long) row * capacity * Long.BYTES, (long) length * Long.BYTES);
        }
    }

    /**
     * Writes new entries behind a row's first {@code length}.
     *
     * @param keys   packed {@code [m, kvHeads · headDim]}
     * @param values packed like the keys
     * @param places sequence indices {@code [m]} of an indexed cache, else null
     * @param first  which of the m entries is the row's first
     * @param count  how many are the row's
     */
    void append(int row, int length, MemorySegment keys, MemorySegment values, MemorySegment places, int first, int count) {
        long line = (long) cache.headDim() * Float.BYTES;
        int heads = cache.kvHeads();
        for (int t = 0; t < count; t++) {
            for (int h = 0; h < heads; h++) {
                long from = ((long) (first + t) * heads + h) * line;
                long to = (((long) row * heads + h) * capacity + length + t) * line;
                MemorySegment.copy(keys, from, key.data, to, line);
                MemorySegment.copy(values, from, value.data, to, line);
            }
        }
        if (index != null) {
            MemorySegment.copy(places, ValueLayout.JAVA_LONG, (long) first * Long.BYTES, index.data, ValueLayout.JAVA_LONG,
                    ((long) row * capacity + length) * Long.BYTES, count);
        }
    }

    @Override
    public void close() {
        key.close();
        value.close();
        if (index != null) {
            index.close();
        }
    }
}
