// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.batch;

import java.util.Arrays;
import java.util.Map;

/**
 * What a request's prompt cost.
 *
 * @param tokens tokens of the prompt, those of images too
 * @param images how many of them are of images
 * @param kept   how many of them each layer processed
 * @param which  which of them routed layers processed, by the layer's number, where that was asked for and the bundle tells it
 */
public record PromptCost(int tokens, int images, int[] kept, Map<Integer, int[]> which) {
    /** Tokens that layers skipped, summed over the layers. */
    public long skipped() {
        return (long) tokens * kept.length - Arrays.stream(kept).asLongStream().sum();
    }
}
