// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.batch;

import io.github.depthc.backend.runtime.SamplingOptions;
import java.time.Duration;

/**
 * What a client wants.
 *
 * @param prompt    what it goes on from
 * @param newTokens new tokens at most, at least 1; with the prompt they fit in the model's context
 * @param sampling  how tokens are chosen
 * @param routing   whether it is to be told which tokens of the prompt each layer processed; such a prompt is run alone
 * @param time      how long it may take, waiting included
 */
public record GenerationRequest(BatchPrompt prompt, int newTokens, SamplingOptions sampling, boolean routing, Duration time) {
    public GenerationRequest {
        if (newTokens < 1) {
            throw new IllegalArgumentException(newTokens + " new tokens");
        }
    }
}
