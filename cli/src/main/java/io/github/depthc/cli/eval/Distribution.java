// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.eval;

import io.github.depthc.backend.runtime.StepOutput;

/** The next-token distribution that a row of logits means, in double precision. */
final class Distribution {
    private final double[] logProbabilities;
    private final int best;

    private Distribution(double[] logProbabilities, int best) {
        this.logProbabilities = logProbabilities;
        this.best = best;
    }

    /** Of a row; the logits are finite. */
    static Distribution of(StepOutput logits, int row) {
        int vocab = logits.vocab();
        int best = 0;
        for (int i = 1; i < vocab; i++) {
            if (logits.at(row, i) > logits.at(row, best)) {
                best = i;
            }
        }
        double top = logits.at(row, best);
        double sum = 0;
        for (int i = 0; i < vocab; i++) {
            sum += Math.exp(logits.at(row, i) - top);
        }
        double[] p = new double[vocab];
        double shift = top + Math.log(sum);
        for (int i = 0; i < vocab; i++) {
            p[i] = logits.at(row, i) - shift;
        }
        return new Distribution(p, best);
    }

    /** The likeliest token, the lowest id among equals. */
    int best() {
        return best;
    }

    /** Negative log-likelihood of a token, in nats. */
    double nll(int token) {
        return -logProbabilities[token];
    }

    /** KL(this ‖ other) in nats; exactly 0 of equal logits. */
    double kl(Distribution other) {
        double sum = 0;
        for (int i = 0; i < logProbabilities.length; i++) {
            double log = logProbabilities[i];
            sum += Math.exp(log) * (log - other.logProbabilities[i]);
        }
        // what rounding leaves below zero is nothing
        return Math.max(0, sum);
    }
}
