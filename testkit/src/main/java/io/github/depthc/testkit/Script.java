// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.backend.runtime.TokenRange;
import io.github.depthc.ir.ModelInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What a model is run on: prompts of uneven lengths in one batch, then decode steps of the whole batch.
 *
 * @param prompts the rows
 * @param steps   each step's tokens, one for each row
 */
public record Script(List<Prompt> prompts, List<int[]> steps) {
    private static final int[] LENGTHS = {1, 7, 17};
    private static final int STEPS = 3;

    public Script {
        prompts = List.copyOf(prompts);
        steps = List.copyOf(steps);
        for (int[] step : steps) {
            if (step.length != prompts.size()) {
                throw new IllegalArgumentException("a step of " + step.length + " tokens for " + prompts.size() + " rows");
            }
        }
    }

    /**
     * One row.
     *
     * @param tokens     ids
     * @param candidates places in the prompt that routed layers may skip
     */
    public record Prompt(int[] tokens, List<TokenRange> candidates) {
        public Prompt {
            candidates = List.copyOf(candidates);
        }

        /** A prompt whose tokens from {@code begin}, zero-based, to before {@code end} may be skipped; none where they are equal. */
        public static Prompt of(int[] tokens, int begin, int end) {
            return new Prompt(tokens, begin == end ? List.of() : List.of(new TokenRange(begin, end)));
        }

        /** One flag for each token. */
        public boolean[] flags() {
            var flags = new boolean[tokens.length];
            for (TokenRange r : candidates) {
                java.util.Arrays.fill(flags, r.begin(), r.end(), true);
            }
            return flags;
        }
    }

    /** Three rows and three steps of random tokens, within the model's vocabulary and context; some may be skipped. */
    public static Script random(ModelInfo info, long seed) {
        var random = new SplittableRandom(seed);
        int longest = info.context() - STEPS;
        if (longest < 1) {
            throw new IllegalArgumentException("the model has a context of " + info.context() + " tokens, expected at least " + (STEPS + 1));
        }
        var prompts = new ArrayList<Prompt>();
        for (int length : LENGTHS) {
            prompts.add(prompt(random, info.vocab(), Math.min(length, longest)));
        }
        var steps = new ArrayList<int[]>();
        for (int i = 0; i < STEPS; i++) {
            steps.add(random.ints(LENGTHS.length, 0, info.vocab()).toArray());
        }
        return new Script(prompts, steps);
    }

    /** A prompt of random tokens, whose candidates are all, all but the ends, or one or two ranges. */
    static Prompt prompt(SplittableRandom random, int vocab, int length) {
        int[] tokens = random.ints(length, 0, vocab).toArray();
        return new Prompt(tokens, switch (random.nextInt(4)) {
            case 0 -> List.of(new TokenRange(0, length));
            case 1 -> length < 3 ? List.of() : List.of(new TokenRange(1, length - 1));
            case 2 -> List.of(range(random, 0, length));
            default -> length < 4 ? List.of() : List.of(range(random, 0, length / 2), range(random, length / 2, length));
        });
    }

    private static TokenRange range(SplittableRandom random, int from, int to) {
        int begin = from + random.nextInt(to - from);
        return new TokenRange(begin, begin + 1 + random.nextInt(to - begin));
    }
}
