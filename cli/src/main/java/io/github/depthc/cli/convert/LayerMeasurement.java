// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import io.github.depthc.cli.doctor.Machine;
import io.github.depthc.cli.report.Measured;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.builtin.allocate.AllocatePass;
import io.github.depthc.passes.builtin.allocate.Observation;
import java.util.Objects;

/** Runs the layers of a conversion on its calibration prompts, for the report. */
public final class LayerMeasurement {
    private LayerMeasurement() {
    }

    /**
     * What the layers keep and how long they take, where the conversion read calibration prompts: then some more runs of them cost little.
     *
     * @param read    whether it did
     * @param context that of the conversion
     */
    public static Measured of(Conversion conversion, boolean read, PassContext context) {
        if (!conversion.layered().routed()) {
            return Measured.not("no layer skips.");
        }
        if (!read) {
            return Measured.not("the conversion read no calibration text (--calibration), which the layers would be run on.");
        }
        int continuation = conversion.pipeline().steps().stream().map(Pipeline.Step::options).filter(AllocatePass.Options.class::isInstance)
                .mapToInt(o -> ((AllocatePass.Options) o).continuation()).reduce(0, (a, b) -> b);
        try {
            return Measured.on(Machine.brief(), Observation.of(conversion.layered(), continuation, context.quiet()));
        } catch (RuntimeException e) {
            // whatever an executor or a plug-in's op cannot do: the conversion is done, and the report says why it shows less
            return Measured.not("the converted layers could not be run on the calibration text: " + Objects.requireNonNullElse(e.getMessage(), e.getClass().getSimpleName()));
        }
    }
}
