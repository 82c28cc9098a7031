// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.bench;

import java.util.List;
import java.util.Optional;

/**
 * What a benchmark found.
 *
 * @param subject  what is measured
 * @param against  what it is measured against
 * @param standIn  whether positions of the prompt stood in for image tokens
 * @param points   one for each prompt length
 */
record BenchResult(String subject, String against, boolean standIn, List<Point> points) {
    /**
     * One prompt length.
     *
     * @param tokens  of the prompt
     * @param steps   decode steps
     * @param vision  seconds of the vision tower, of a prompt with images
     * @param subject figures of what is measured
     * @param against figures of the other
     */
    record Point(int tokens, int steps, Optional<Sample> vision, Figures subject, Figures against) {
    }

    /**
     * Figures of one side.
     *
     * @param prefill        seconds
     * @param decode         seconds for each step
     * @param linearFlops    of the prefill: linear layers and the LM head at the last position
     * @param attentionFlops of the prefill: attention scores
     * @param kvBytes        used after the prompt
     * @param kept           prompt tokens that each layer processed
     */
    record Figures(Sample prefill, Sample decode, double linearFlops, double attentionFlops, long kvBytes, int[] kept) {
    }
}
