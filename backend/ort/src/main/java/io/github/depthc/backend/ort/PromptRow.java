// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import java.util.Set;

/**
 * A prompt that has been found in order.
 *
 * @param tokens     number of tokens
 * @param start      sequence index of the first
 * @param candidates one flag for each token
 * @param all        whether the output of every position is wanted: the prompt asks for it, or the graph is an encoder's
 */
record PromptRow(PromptInput prompt, int tokens, int start, boolean[] candidates, boolean all) {
    /** Checks a prompt that comes behind {@code start} tokens. */
    static PromptRow check(PromptInput prompt, int start, BundleInfo info, Set<String> graphInputs) {
        int n;
        if (prompt.tokens() != null) {
            if (!graphInputs.contains(GraphNames.TOKEN_IDS)) {
                throw new InputException("this bundle takes embeddings, not token ids");
            }
            n = prompt.tokens().length;
            for (int id : prompt.tokens()) {
                checkToken(id, info);
            }
        } else {
            if (!graphInputs.contains(GraphNames.INPUTS_EMBEDS)) {
                throw new InputException("this bundle takes token ids, not embeddings");
            }
            int width = info.model().hidden();
            if (prompt.embeddings().length % width != 0) {
                throw new InputException("the embeddings have " + prompt.embeddings().length + " elements, expected a multiple of "
                        + width);
            }
            n = prompt.embeddings().length / width;
        }
        if (n == 0) {
            throw new InputException("the prompt is empty, expected at least one token");
        }
        checkLength(start, n, info);
        return new PromptRow(prompt, n, start, prompt.candidates().flags(n, info.candidates()),
                prompt.allLogits() || info.output() == BundleInfo.Output.HIDDEN_STATES);
    }

    static void checkToken(int id, BundleInfo info) {
        if (id < 0 || id >= info.model().vocab()) {
            throw new InputException("the token id " + id + " is outside the vocabulary, expected 0 to " + (info.model().vocab() - 1));
        }
    }

    static void checkLength(int start, int more, BundleInfo info) {
        int context = info.model().context();
        if (more > context - start) {
            throw new InputException(start == 0
                    ? "the prompt has " + more + " tokens, the model's context is " + context + "; shorten the prompt"
                    : "the sequence has " + start + " tokens and " + more + " more are given, the model's context is " + context);
        }
    }

    int candidateCount() {
        int n = 0;
        for (boolean c : candidates) {
            n += c ? 1 : 0;
        }
        return n;
    }

    /** Positions whose output is wanted. */
    int outputs() {
        return all ? tokens : 1;
    }

    /** Whether the output of a position is wanted. */
    boolean isWanted(int position) {
        return all || position == tokens - 1;
    }
}
