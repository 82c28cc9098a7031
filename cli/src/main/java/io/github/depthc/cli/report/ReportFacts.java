// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import io.github.depthc.passes.builtin.allocate.AllocationTrace;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What a report says besides the plan. Everything is passed in, so that the same input gives the same page.
 *
 * @param version    of depthc
 * @param command    the command line that made the bundle
 * @param runCommand the command line to run next
 * @param timestamp  when it was converted, as it shall be printed; empty to leave it out
 * @param weights    weights variant, in words
 * @param routers    where the routers come from
 * @param remarks    anything the user should know, one plain-text sentence or paragraph each
 * @param quality    what was measured about the quality, in plain text; empty when nothing was
 * @param allocation what was tried, where ratios were chosen by what the model answers
 * @param measured   what running the converted layers on calibration prompts showed
 */
public record ReportFacts(String version, String command, String runCommand, String timestamp, String weights, Routers routers,
        List<String> remarks, Optional<String> quality, Optional<AllocationTrace> allocation, Measured measured) {
    /** Where the routers of the Mixture-of-Depths layers come from; of no consequence where no layer is one. */
    public enum Routers {
        /** There are none: selection does not look at the tokens. */
        NONE,
        /** Calibrated on text during the conversion. */
        CALIBRATED,
        /** There are none: scores are computed from the tokens at run time. */
        COMPUTED,
        /** Given by the user beside the checkpoint. */
        GIVEN,
        /** Trained with the checkpoint and part of it. */
        CHECKPOINT
    }

    public ReportFacts {
        Objects.requireNonNull(version, "version");
        Objects.requireNonNull(command, "command");
        Objects.requireNonNull(runCommand, "runCommand");
        Objects.requireNonNull(timestamp, "timestamp");
        Objects.requireNonNull(weights, "weights");
        Objects.requireNonNull(routers, "routers");
        Objects.requireNonNull(quality, "quality");
        Objects.requireNonNull(allocation, "allocation");
        Objects.requireNonNull(measured, "measured");
        remarks = List.copyOf(remarks);
    }
}
