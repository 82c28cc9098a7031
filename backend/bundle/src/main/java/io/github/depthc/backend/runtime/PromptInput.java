// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.runtime;

import java.util.Objects;

/**
 * A prompt: token ids, or embeddings where the bundle's graph takes those.
 *
 * @param tokens     ids, or null when embeddings are given
 * @param embeddings {@code [n, hidden]} row-major, or null when ids are given
 * @param candidates which tokens may be skipped
 * @param allLogits  logits of every position, not only of the last
 */
public record PromptInput(int[] tokens, float[] embeddings, CandidateTokens candidates, boolean allLogits) {
    public PromptInput {
        if ((tokens == null) == (embeddings == null)) {
            throw new IllegalArgumentException("a prompt has either token ids or embeddings");
        }
        Objects.requireNonNull(candidates);
    }

    /** Token ids with the bundle's own candidates; logits of the last position. */
    public static PromptInput of(int... tokens) {
        return new PromptInput(tokens, null, CandidateTokens.DEFAULT, false);
    }

    /** Embeddings with the bundle's own candidates; logits of the last position. */
    public static PromptInput ofEmbeddings(float[] embeddings) {
        return new PromptInput(null, embeddings, CandidateTokens.DEFAULT, false);
    }

    /** Number of tokens, of which each has so many elements where embeddings are given. */
    public int length(int hidden) {
        return tokens != null ? tokens.length : embeddings.length / hidden;
    }

    /** The same prompt with other candidates. */
    public PromptInput withCandidates(CandidateTokens other) {
        return new PromptInput(tokens, embeddings, other, allLogits);
    }

    /** The same prompt; logits of every position. */
    public PromptInput withAllLogits() {
        return new PromptInput(tokens, embeddings, candidates, true);
    }
}
