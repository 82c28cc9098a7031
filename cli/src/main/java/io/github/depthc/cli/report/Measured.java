// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import io.github.depthc.passes.builtin.allocate.Observed;
import java.util.Objects;
import java.util.Optional;

/**
 * What running the converted layers on calibration prompts showed, or why that was not done.
 *
 * @param observed what was seen; empty where nothing was run
 * @param said     of what was seen, the machine in a few words; else a sentence that says why nothing was
 */
public record Measured(Optional<Observed> observed, String said) {
    public Measured {
        Objects.requireNonNull(observed, "observed");
        Objects.requireNonNull(said, "said");
    }

    /** What was seen on a machine. */
    public static Measured on(String machine, Observed observed) {
        return new Measured(Optional.of(observed), machine);
    }

    /** Nothing was run, for a reason that is a sentence. */
    public static Measured not(String reason) {
        return new Measured(Optional.empty(), reason);
    }
}
