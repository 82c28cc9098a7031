// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.runtime;

/**
 * What an engine takes at most.
 *
 * @param rows         slots of a decode step
 * @param promptTokens tokens of a prompt
 */
public record EngineLimits(int rows, int promptTokens) {
    /** As many as there is memory for. */
    public static final EngineLimits NONE = new EngineLimits(Integer.MAX_VALUE, Integer.MAX_VALUE);
}
