// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.deploy;

import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.EngineLimits;
import io.github.depthc.cli.console.Units;
import io.github.depthc.ir.Counted;
import io.github.depthc.ir.InputException;
import io.github.depthc.server.ServerOptions;
import io.github.depthc.server.batch.BatchLimits;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What was asked for of how much a deployment takes on; where nothing was, it is what the engine and its memory allow.
 *
 * @param rows         requests that run together
 * @param promptTokens tokens of a prompt
 * @param kvBytes      memory of caches
 */
public record Capacity(OptionalInt rows, OptionalInt promptTokens, OptionalLong kvBytes) {
    /** The part of an engine's own free memory that caches get unless told; prompts, decode steps and caches that grow need some, too. */
    private static final int FREE_PART = 2;

    /**
     * The options for an engine, which has been loaded.
     *
     * @throws InputException where more was asked for than it takes
     */
    ServerOptions of(Engine engine, ServerOptions options) {
        require("--max-batch", rows, engine.limits().rows(), "--max-batch");
        require("--max-prompt-tokens", promptTokens, engine.limits().promptTokens(), "--max-prompt");
        OptionalLong free = engine.freeBytes();
        if (free.isEmpty()) {
            return options;
        }
        if (kvBytes.isPresent() && kvBytes.getAsLong() > free.getAsLong()) {
            throw new InputException("--kv-budget is " + Units.bytes(kvBytes.getAsLong()) + ", of the GPU's memory " + Units.bytes(free.getAsLong()) + " are free; give less, or end other programs on this GPU");
        }
        BatchLimits batch = options.batch();
        return options.withBatch(new BatchLimits(batch.requests(), batch.rows(), kvBytes.orElse(Math.max(1, free.getAsLong() / FREE_PART)), batch.unread()));
    }

    private static void require(String option, OptionalInt asked, int most, String ofBuild) {
        if (asked.isPresent() && asked.getAsInt() > most) {
            throw new InputException(option + " is " + asked.getAsInt() + ", the engines were built for " + most + " at most; lower it, or build them again with " + ofBuild + " "
                    + asked.getAsInt());
        }
    }

    /** What engines limit, where they do. */
    static Optional<String> told(EngineLimits limits) {
        return limits.equals(EngineLimits.NONE) ? Optional.empty()
                : Optional.of("The engines were built for " + Counted.of(limits.rows(), "request") + " together and prompts of " + Counted.of(limits.promptTokens(), "token") + ", at most.");
    }
}
