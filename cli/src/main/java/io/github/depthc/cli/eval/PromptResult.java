// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.eval;

/**
 * What one prompt's continuation gave, token by token.
 *
 * @param nll        negative log-likelihood of each token by the subject, in nats
 * @param againstNll by the other
 * @param kl         KL(other ‖ subject) of the distribution of each token
 * @param agrees     whether both find the same token likeliest
 * @param match      tokens of the two greedy continuations that are equal from the beginning
 * @param flops      of the subject's prefill and the other's, as they are run
 * @param kvBytes    of the subject and the other, after the prompt
 */
record PromptResult(double[] nll, double[] againstNll, double[] kl, boolean[] agrees, int match, double[] flops, long[] kvBytes) {
}
