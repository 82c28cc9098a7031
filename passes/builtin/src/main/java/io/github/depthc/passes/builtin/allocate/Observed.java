// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import java.util.List;

/**
 * What the layers of a routed model did with calibration prompts. For people to look at: nothing was chosen by it.
 *
 * @param kept  which tokens the layers kept
 * @param times how long the layers took
 */
public record Observed(Kept kept, Times times) {
    /**
     * Which tokens the layers kept.
     *
     * @param prompts how many prompts were run
     * @param longest tokens of the longest
     * @param width   how many positions share a value; the last value may stand for fewer
     * @param layers  each layer
     */
    public record Kept(int prompts, int longest, int width, List<LayerKept> layers) {
        public Kept {
            layers = List.copyOf(layers);
        }
    }

    /**
     * Which tokens a layer kept.
     *
     * @param layer  its index
     * @param shares for each {@code width} positions from the first on: of the tokens that the prompts have there, the share that was kept
     */
    public record LayerKept(int layer, List<Double> shares) {
        public LayerKept {
            shares = List.copyOf(shares);
        }
    }

    /**
     * How long layers took over one prompt, the one whose length is nearest to the mean. Of the last layer, what the last token does not need
     * is left out, as it is when the model is run.
     *
     * @param tokens of the prompt
     * @param runs   timed runs of each; a time is their median
     * @param parts  layers in order, those together that cannot run one by one
     */
    public record Times(int tokens, int runs, List<PartTime> parts) {
        public Times {
            parts = List.copyOf(parts);
        }

        /** Seconds of all routed layers and those that stayed dense. */
        public double routed() {
            return parts.stream().mapToDouble(PartTime::routed).sum();
        }

        /** Seconds of all layers, dense. */
        public double dense() {
            return parts.stream().mapToDouble(PartTime::dense).sum();
        }
    }

    /**
     * The time of one layer or some.
     *
     * @param first  index of the first
     * @param last   index of the last
     * @param routed seconds as they are
     * @param dense  seconds of the same layers, dense
     */
    public record PartTime(int first, int last, double routed, double dense) {
    }
}
