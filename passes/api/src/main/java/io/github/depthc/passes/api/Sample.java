// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import java.util.Objects;
import java.util.Optional;

/**
 * One calibration prompt.
 *
 * @param tokenIds   its token ids; empty where the prompt is given as embeddings alone
 * @param embeddings {@code f32[tokens, d]}, for models that take {@code inputs_embeds}
 * @param candidates which tokens may be skipped, one for each; where it is empty, the model's own rule holds
 */
public record Sample(long[] tokenIds, Optional<HostTensor> embeddings, Optional<boolean[]> candidates) {
    public Sample {
        Objects.requireNonNull(tokenIds);
        int tokens = embeddings.map(e -> (int) e.shape()[0]).orElse(tokenIds.length);
        if (candidates.isPresent() && candidates.get().length != tokens) {
            throw new IllegalArgumentException(candidates.get().length + " candidate flags for " + tokens + " tokens");
        }
    }

    /** A prompt of tokens. */
    public static Sample of(long... tokenIds) {
        return new Sample(tokenIds, Optional.empty(), Optional.empty());
    }

    /** How many tokens it has. */
    public int tokens() {
        return embeddings.map(e -> (int) e.shape()[0]).orElse(tokenIds.length);
    }
}
