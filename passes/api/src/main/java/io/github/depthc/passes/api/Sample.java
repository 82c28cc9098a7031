// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Region;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.LongStream;

/**
 * One calibration prompt.
 *
 * @param tokenIds   its token ids; empty where the prompt is given as embeddings alone
 * @param embeddings {@code f32[tokens, d]}, for models that take {@code inputs_embeds}
 * @param candidates which tokens may be skipped, one for each; where it is empty, the model's own rule holds
 * @param prompt     how many of the tokens are the prompt, where that is known: the others come behind it, one by one, and none of them may be
 *                   skipped; empty where a pass is to divide the sample
 */
public record Sample(long[] tokenIds, Optional<HostTensor> embeddings, Optional<boolean[]> candidates, OptionalInt prompt) {
    public Sample {
        Objects.requireNonNull(tokenIds);
        int tokens = embeddings.map(e -> (int) e.shape()[0]).orElse(tokenIds.length);
        if (candidates.isPresent() && candidates.get().length != tokens) {
            throw new IllegalArgumentException(candidates.get().length + " candidate flags for " + tokens + " tokens");
        }
        if (prompt.isPresent() && (prompt.getAsInt() < 1 || prompt.getAsInt() > tokens)) {
            throw new IllegalArgumentException("a prompt of " + prompt.getAsInt() + " of " + tokens + " tokens");
        }
    }

    /** A sample of which nothing says where its prompt ends. */
    public Sample(long[] tokenIds, Optional<HostTensor> embeddings, Optional<boolean[]> candidates) {
        this(tokenIds, embeddings, candidates, OptionalInt.empty());
    }

    /** A prompt of tokens. */
    public static Sample of(long... tokenIds) {
        return new Sample(tokenIds, Optional.empty(), Optional.empty());
    }

    /**
     * What a graph reads of it that computes the hidden states before the first layer.
     *
     * @param graph  has parameters of a decoder
     * @param number of the sample, for the message
     * @throws InputException if the graph takes embeddings and the sample has none
     */
    public Map<String, HostTensor> inputs(Region graph, int number) {
        var inputs = new HashMap<String, HostTensor>();
        if (graph.param(GraphNames.INPUTS_EMBEDS) != null) {
            inputs.put(GraphNames.INPUTS_EMBEDS, embeddings.orElseThrow(() -> new InputException("calibration sample " + number
                    + " has no embeddings, which the model takes instead of token ids")));
        } else {
            inputs.put(GraphNames.TOKEN_IDS, HostTensor.of(tokenIds));
        }
        if (graph.param(GraphNames.POSITIONS) != null) {
            inputs.put(GraphNames.POSITIONS, HostTensor.of(LongStream.range(0, tokens()).toArray()));
        }
        return inputs;
    }

    /** How many tokens it has. */
    public int tokens() {
        return embeddings.map(e -> (int) e.shape()[0]).orElse(tokenIds.length);
    }
}
