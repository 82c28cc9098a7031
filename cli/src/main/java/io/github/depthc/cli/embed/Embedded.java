// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.embed;

/**
 * What became of a text.
 *
 * @param tokens     of the text, special ones included
 * @param kept       tokens that each layer processed
 * @param flops      of all layers
 * @param denseFlops the same where no layer skips a token
 * @param vector     the text's vector
 */
record Embedded(int tokens, int[] kept, double flops, double denseFlops, float[] vector) {
}
