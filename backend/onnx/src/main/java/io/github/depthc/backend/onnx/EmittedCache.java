// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

/**
 * How the graph takes the KV cache of one layer.
 *
 * @param layer   the number in the names {@code past_key_values.N.key} and so on
 * @param mode    who writes new entries
 * @param kvHeads key and value heads
 * @param headDim size of one head
 * @param indexed whether {@code past_key_values.N.index} and {@code new.N.index} exist
 */
public record EmittedCache(int layer, CacheMode mode, int kvHeads, int headDim, boolean indexed) {
}
