// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.batch;

import java.util.Arrays;

/**
 * What a request's prompt cost.
 *
 * @param tokens tokens of the prompt
 * @param kept   how many of them each layer processed
 */
public record PromptCost(int tokens, int[] kept) {
    /** Tokens that layers skipped, summed over the layers. */
    public long skipped() {
        return (long) tokens * kept.length - Arrays.stream(kept).asLongStream().sum();
    }
}
