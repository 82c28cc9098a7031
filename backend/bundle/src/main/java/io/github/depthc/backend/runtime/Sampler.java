// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.runtime;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Chooses tokens by their logits. The same options and the same logits in the same order give the same tokens. */
public final class Sampler {
    private final SamplingOptions options;
    private final SplittableRandom random;
    private double[] weights = new double[0];
    private double[] sorted = new double[0];

    public Sampler(SamplingOptions options) {
        this.options = options;
        this.random = new SplittableRandom(options.seed());
    }

    /** The next token by one row of logits; the greedy choice takes the lower id among equals and allocates nothing. */
    public int next(StepOutput output, int row) {
        int greedy = largest(output, row);
        return options.temperature() == 0 ? greedy : draw(output, row, greedy);
    }

    private static int largest(StepOutput output, int row) {
        FloatBuffer logits = output.logits();
        int begin = row * output.vocab();
        int best = 0;
        float bestLogit = logits.get(begin);
        for (int i = 1; i < output.vocab(); i++) {
            float logit = logits.get(begin + i);
            if (logit > bestLogit) {
                best = i;
                bestLogit = logit;
            }
        }
        return best;
    }

    private int draw(StepOutput output, int row, int greedy) {
        int n = output.vocab();
        if (weights.length != n) {
            weights = new double[n];
            sorted = new double[n];
        }
        double largest = output.at(row, greedy);
        double sum = 0;
        for (int i = 0; i < n; i++) {
            weights[i] = Math.exp((output.at(row, i) - largest) / options.temperature());
            sum += weights[i];
        }
        double least = 0;
        if (options.topP() < 1) {
            least = leastTaken(n, options.topP() * sum);
            sum = 0;
            for (int i = 0; i < n; i++) {
                sum += weights[i] >= least ? weights[i] : 0;
            }
        }
        double left = random.nextDouble() * sum;
        int last = greedy;
        for (int i = 0; i < n; i++) {
            if (weights[i] >= least && weights[i] > 0) {
                left -= weights[i];
                last = i;
                if (left < 0) {
                    break;
                }
            }
        }
        return last;
    }

    // The smallest weight among the largest ones that together reach the wanted sum; equal weights are all taken.
    private double leastTaken(int n, double wanted) {
        System.arraycopy(weights, 0, sorted, 0, n);
        Arrays.sort(sorted);
        double reached = 0;
        for (int i = n - 1; i > 0; i--) {
            reached += sorted[i];
            if (reached >= wanted) {
                return sorted[i];
            }
        }
        return sorted[0];
    }

    /** The {@code k} most probable tokens, most probable first, the lower id first among equals. */
    public static List<TokenLogprob> topLogprobs(StepOutput output, int row, int k) {
        double norm = logSum(output, row);
        var best = new ArrayList<TokenLogprob>();
        for (int i = 0; i < output.vocab(); i++) {
            double logprob = output.at(row, i) - norm;
            if (best.size() < k || k > 0 && logprob > best.getLast().logprob()) {
                int at = best.size();
                while (at > 0 && best.get(at - 1).logprob() < logprob) {
                    at--;
                }
                best.add(at, new TokenLogprob(i, logprob));
                if (best.size() > k) {
                    best.removeLast();
                }
            }
        }
        return best;
    }

    /** Natural logarithm of one token's probability at temperature 1. */
    public static double logprob(StepOutput output, int row, int token) {
        return output.at(row, token) - logSum(output, row);
    }

    private static double logSum(StepOutput output, int row) {
        double largest = output.at(row, largest(output, row));
        double sum = 0;
        for (int i = 0; i < output.vocab(); i++) {
            sum += Math.exp(output.at(row, i) - largest);
        }
        return largest + Math.log(sum);
    }

    /** A token and the natural logarithm of its probability at temperature 1. */
    public record TokenLogprob(int token, double logprob) {
    }
}
