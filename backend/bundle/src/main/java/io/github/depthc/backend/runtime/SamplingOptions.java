// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.runtime;

import io.github.depthc.ir.InputException;

/**
 * How the next token is chosen.
 *
 * @param temperature logits are divided by it; 0 takes the largest logit
 * @param topP        only the most probable tokens whose probabilities reach this sum take part; 1 is all
 * @param seed        of the random numbers
 */
public record SamplingOptions(double temperature, double topP, long seed) {
    /** The largest logit. */
    public static final SamplingOptions GREEDY = new SamplingOptions(0, 1, 0);

    public SamplingOptions {
        if (!(temperature >= 0) || temperature > 1e6) {
            throw new InputException("the temperature is " + temperature + ", expected 0 (greedy) or more");
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new InputException("top-p is " + topP + ", expected more than 0, at most 1");
        }
    }
}
