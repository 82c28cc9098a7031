// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

/**
 * What a bundle will take.
 *
 * @param weights the variant that {@link WeightsVariant#AUTO} comes to
 * @param copied  bytes of weights copied as they are
 * @param derived bytes of weights computed
 * @param other   bytes of the graph and all other files
 */
public record BundleSize(WeightsVariant weights, long copied, long derived, long other) {
    /** Bytes in all. */
    public long total() {
        return copied + derived + other;
    }
}
