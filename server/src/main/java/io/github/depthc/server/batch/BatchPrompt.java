// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.batch;

import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.PromptInput;
import java.util.function.Supplier;

/**
 * What a request goes on from.
 *
 * @param tokens     number of tokens, at least one, those of images too
 * @param images     how many of them are of images
 * @param candidates which of them layers may skip
 * @param input      what the engine gets; asked for once, by the thread that computes, when the prompt's turn has come
 */
public record BatchPrompt(int tokens, int images, CandidateTokens candidates, Supplier<PromptInput> input) {
    public BatchPrompt {
        if (tokens < 1 || images < 0 || images > tokens) {
            throw new IllegalArgumentException(tokens + " tokens, " + images + " of images");
        }
    }

    /** Token ids, at least one, all of the vocabulary. */
    public static BatchPrompt of(int... ids) {
        return new BatchPrompt(ids.length, 0, CandidateTokens.DEFAULT, () -> PromptInput.of(ids));
    }
}
