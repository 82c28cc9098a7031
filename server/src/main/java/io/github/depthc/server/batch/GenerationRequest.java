// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.batch;

import io.github.depthc.backend.runtime.SamplingOptions;
import java.time.Duration;

/**
 * What a client wants.
 *
 * @param prompt    token ids, at least one, all of the vocabulary
 * @param newTokens new tokens at most, at least 1; with the prompt they fit in the model's context
 * @param sampling  how tokens are chosen
 * @param routing   whether it is to be told which tokens of the prompt each layer processed; such a prompt is run alone
 * @param time      how long it may take, waiting included
 */
public record GenerationRequest(int[] prompt, int newTokens, SamplingOptions sampling, boolean routing, Duration time) {
    public GenerationRequest {
        if (prompt.length == 0 || newTokens < 1) {
            throw new IllegalArgumentException(prompt.length + " tokens, " + newTokens + " new");
        }
    }
}
