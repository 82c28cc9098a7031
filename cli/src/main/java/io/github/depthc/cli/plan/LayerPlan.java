// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import java.util.OptionalDouble;

/**
 * What becomes of one decoder layer, at a stated prompt.
 *
 * @param index      which, from 0
 * @param mod        true for a Mixture-of-Depths layer
 * @param ratio      retention ratio; empty where it is not fixed beforehand (a threshold) or the layer is dense
 * @param kept       tokens processed, at most those of the prompt; all of them where the ratio is not fixed beforehand
 * @param flops      FLOPs of its linear layers
 * @param denseFlops the same, dense
 * @param attentionFlops attention-score FLOPs
 * @param denseAttentionFlops the same, dense
 * @param kvBytes    KV cache, F32
 * @param denseKvBytes the same, dense
 * @param arank      attention rank, where it was measured
 * @param routing    one line about selection, gate and cache, empty for a dense layer
 */
public record LayerPlan(int index, boolean mod, OptionalDouble ratio, long kept, double flops, double denseFlops,
        double attentionFlops, double denseAttentionFlops, long kvBytes, long denseKvBytes, OptionalDouble arank, String routing) {
}
