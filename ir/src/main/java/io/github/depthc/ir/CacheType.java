// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

/**
 * The KV cache of one layer, {@code cache<4x8>}: keys and values {@code [rows, kvHeads, capacity, headDim]} and each
 * row's own length. An {@code indexed} cache, {@code cache<4x8, indexed>}, also stores each entry's index in its
 * sequence, which a sliding window needs where entries have gaps.
 */
public record CacheType(int kvHeads, int headDim, boolean indexed) implements Type {
    public CacheType {
        if (kvHeads < 1 || headDim < 1) {
            throw new TypeException("a cache of " + kvHeads + " heads of size " + headDim + "; both must be at least 1");
        }
    }

    /** Bytes of keys and values for one token. */
    public long bytesPerToken(DType dtype) {
        return 2L * kvHeads * headDim * dtype.bytes();
    }

    @Override
    public String toString() {
        return "cache<" + kvHeads + "x" + headDim + (indexed ? ", indexed>" : ">");
    }
}
