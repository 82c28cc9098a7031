// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import io.github.depthc.backend.onnx.CacheMode;

/**
 * The KV cache of one layer as the graph takes it.
 *
 * @param mode    who writes new entries
 * @param kvHeads key and value heads
 * @param headDim size of one head
 * @param indexed whether each entry's index in its sequence is stored beside it
 */
public record LayerCache(CacheMode mode, int kvHeads, int headDim, boolean indexed) {
    /** Bytes of one token's F32 key and value, and of its index if that is stored. */
    public long bytesPerToken() {
        return 2L * kvHeads * headDim * Float.BYTES + (indexed ? Long.BYTES : 0);
    }
}
