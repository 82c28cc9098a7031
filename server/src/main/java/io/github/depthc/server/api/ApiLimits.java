// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.api;

/**
 * What a request may ask for.
 *
 * @param context      the model's context, in tokens
 * @param promptTokens tokens of a prompt, at most
 * @param newTokens    new tokens, at most
 * @param vocab        ids in the vocabulary
 * @param images       whether it may show images
 */
public record ApiLimits(int context, int promptTokens, int newTokens, int vocab, boolean images) {
}
