// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.SamplingOptions;
import io.github.depthc.ir.InputException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How a bundle is run.
 *
 * @param text       the prompt as text; null when ids are given
 * @param ids        the prompt as token ids; null when text is given
 * @param candidates which prompt tokens may be skipped
 * @param newTokens  new tokens at most
 * @param sampling   how tokens are chosen
 * @param logprobs   how many of the most probable tokens to show at each step
 * @param device     what computes
 * @param runtime    how the CPU's runtime is set up
 * @param saveLogits where the prompt's logits go
 * @param images     what the prompt shows, in its order
 */
public record RunOptions(String text, int[] ids, CandidateTokens candidates, int newTokens, SamplingOptions sampling, int logprobs,
        DeviceKind device, OrtOptions runtime, Optional<Path> saveLogits, Images images) {
    /**
     * What is asked of a model that takes images.
     *
     * @param files       the images
     * @param system      what the system says before the user's turn
     * @param showRouting where a picture of the routing goes
     */
    public record Images(List<Path> files, Optional<String> system, Optional<Path> showRouting) {
        public Images {
            files = List.copyOf(files);
        }

        /** The first option given; empty if none is. */
        Optional<String> given() {
            return !files.isEmpty() ? Optional.of("--image") : system.isPresent() ? Optional.of("--system") : showRouting.map(f -> "--show-routing");
        }
    }

    private static final int MOST = 1 << 24;

    public RunOptions {
        if (text != null && text.isEmpty() || ids != null && ids.length == 0) {
            throw new InputException("the prompt is empty, expected at least one token; --input-ids with the id that begins a text (often 1) starts from nothing");
        }
        if (newTokens < 0 || newTokens > MOST) {
            throw new InputException("--max-new-tokens is " + newTokens + ", expected 0 to " + MOST);
        }
        if (logprobs < 0) {
            throw new InputException("--logprobs is " + logprobs + ", expected 0 to the size of the vocabulary");
        }
    }
}
