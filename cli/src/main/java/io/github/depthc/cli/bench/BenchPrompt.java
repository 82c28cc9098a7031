// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.bench;

import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.cli.run.ImageInput;
import io.github.depthc.ir.mod.Routing;
import java.util.Arrays;
import java.util.Optional;

/**
 * A prompt to measure with: random tokens, or images with random text around them.
 *
 * @param tokens of the prompt, those of images too
 * @param ids    of a prompt of text; null of one with images
 * @param seen   a prompt with images
 */
record BenchPrompt(int tokens, int[] ids, Optional<ImageInput.Seen> seen) {
    static BenchPrompt ofText(int[] ids) {
        return new BenchPrompt(ids.length, ids, Optional.empty());
    }

    static BenchPrompt ofImages(ImageInput.Seen seen) {
        return new BenchPrompt(seen.prompt().tokens(), null, Optional.of(seen));
    }

    /** Seconds of the vision tower in each round but the first, which is not counted; empty of a prompt of text. */
    Optional<Sample> vision() {
        return seen.map(s -> Sample.of(Arrays.copyOfRange(s.vision(), 1, s.vision().length)));
    }

    boolean images() {
        return seen.isPresent();
    }

    /** What an engine gets whose bundle has this rule of which tokens may be skipped. */
    PromptInput input(Routing.Candidates rule) {
        return seen.map(s -> s.input(rule, CandidateTokens.DEFAULT, false)).orElseGet(() -> PromptInput.of(ids));
    }
}
