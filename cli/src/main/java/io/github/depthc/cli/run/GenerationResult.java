// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import io.github.depthc.backend.runtime.Sampler;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a generation gave and cost.
 *
 * @param ids          new tokens, the end token included
 * @param text         of the new tokens
 * @param stop         why it ended
 * @param kept         prompt tokens that each layer processed
 * @param cacheLengths tokens in each layer's cache at the end
 * @param kv           bytes of keys and values
 * @param times        seconds
 * @param routed       of each routed layer, by its number, the prompt tokens it processed; empty where the bundle does not tell
 * @param choices      each new token's probability and the most probable tokens there; empty unless asked for
 */
record GenerationResult(int[] ids, String text, Stop stop, int[] kept, int[] cacheLengths, KvBytes kv, Times times,
        Map<Integer, int[]> routed, List<TokenChoice> choices) {
    /** Why a generation ended. */
    enum Stop {
        /** An end token came. */
        EOS,
        /** As many tokens as were asked for. */
        LENGTH,
        /** The model's context is full. */
        CONTEXT;

        String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Bytes of keys and values.
     *
     * @param prompt   after the prompt
     * @param used     at the end
     * @param reserved memory held for them
     * @param dense    what a dense model of the same shape would use at the end
     */
    record KvBytes(long prompt, long used, long reserved, long dense) {
    }

    /**
     * Seconds.
     *
     * @param prefill of the prompt
     * @param decode  of all steps together
     * @param steps   decode steps: one less than new tokens, of which the prefill gives the first
     */
    record Times(double prefill, double decode, int steps) {
    }

    /** A new token, the natural logarithm of its probability, and the most probable tokens in its place. */
    record TokenChoice(int id, double logprob, List<Sampler.TokenLogprob> top) {
    }
}
