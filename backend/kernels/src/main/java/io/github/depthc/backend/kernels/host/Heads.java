// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels.host;

/**
 * The shape of attention.
 *
 * @param heads   query heads, a multiple of kvHeads
 * @param kvHeads key heads
 * @param headDim elements of a head
 * @param scale   of scores
 * @param softcap of scores, 0 for none
 */
public record Heads(int heads, int kvHeads, int headDim, float scale, float softcap) {
    /** Elements of a token's keys. */
    int kvWidth() {
        return kvHeads * headDim;
    }

    /** Where the keys of a query head begin in a token's. */
    int kvAt(int head) {
        return head / (heads / kvHeads) * headDim;
    }

    /** A score, from the product of query and key. */
    double score(double dot) {
        double s = dot * scale;
        return softcap > 0 ? softcap * Math.tanh(s / softcap) : s;
    }
}
