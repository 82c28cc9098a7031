// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.runtime;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.mod.Routing;
import java.util.ArrayList;
import java.util.List;

/** Which prompt tokens a routed layer may skip. */
public sealed interface CandidateTokens {
    /** What the bundle's own rule says. */
    record ByRule() implements CandidateTokens {
    }

    /** These positions and no others; an empty list is none at all. */
    record Ranges(List<TokenRange> ranges) implements CandidateTokens {
        public Ranges {
            ranges = List.copyOf(ranges);
        }
    }

    /** The bundle's rule. */
    CandidateTokens DEFAULT = new ByRule();
    /** No token may be skipped: every layer runs dense. */
    CandidateTokens NONE = new Ranges(List.of());

    /** One half-open range. */
    static CandidateTokens range(int begin, int end) {
        return new Ranges(List.of(new TokenRange(begin, end)));
    }

    /** The positions whose flag is set. */
    static CandidateTokens of(boolean[] flags) {
        var ranges = new ArrayList<TokenRange>();
        for (int begin = 0; begin < flags.length; begin++) {
            int end = begin;
            while (end < flags.length && flags[end]) {
                end++;
            }
            if (end > begin) {
                ranges.add(new TokenRange(begin, end));
                begin = end;
            }
        }
        return new Ranges(ranges);
    }

    /** Those of a prompt with images: what the images say, in {@code flags}, where the bundle's rule leaves it to them. */
    static CandidateTokens ofImages(Routing.Candidates rule, boolean[] flags) {
        return switch (rule) {
            case VISION, GIVEN -> of(flags);
            case PROMPT, ALL -> DEFAULT;
        };
    }

    /**
     * One flag for each token of a prompt. Without vision positions given, {@link Routing.Candidates#VISION} and
     * {@link Routing.Candidates#GIVEN} allow none.
     *
     * @throws InputException for a range that is empty, reversed, or not inside the prompt
     */
    default boolean[] flags(int tokens, Routing.Candidates rule) {
        var flags = new boolean[tokens];
        switch (this) {
            case ByRule r -> {
                int begin = rule == Routing.Candidates.PROMPT ? 1 : 0;
                int end = switch (rule) {
                    case PROMPT -> tokens - 1;
                    case ALL -> tokens;
                    case VISION, GIVEN -> 0;
                };
                for (int i = begin; i < end; i++) {
                    flags[i] = true;
                }
            }
            case Ranges(List<TokenRange> ranges) -> {
                for (TokenRange r : ranges) {
                    if (r.begin() < 0 || r.end() > tokens || r.begin() >= r.end()) {
                        throw new InputException("the candidates " + r + " do not lie in the prompt of " + tokens
                                + " tokens; expected A:B with 0 <= A < B <= " + tokens);
                    }
                    java.util.Arrays.fill(flags, r.begin(), r.end(), true);
                }
            }
        }
        return flags;
    }

    /** How many {@link #flags} are set. */
    default int count(int tokens, Routing.Candidates rule) {
        int count = 0;
        for (boolean flag : flags(tokens, rule)) {
            count += flag ? 1 : 0;
        }
        return count;
    }
}
