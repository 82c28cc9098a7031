// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.builtin.convert.ConvertToMod;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How layers are to be converted, as the user says it. What is empty was not given.
 *
 * @param layers   a layer selection
 * @param schedule a retention schedule
 * @param budget   the FLOPs ratio that the schedule is solved for
 * @param style    the combination of attributes
 * @param pipeline passes to run instead of what the other options mean
 * @param routers  whether a file of router weights was given
 */
public record ConversionOptions(Optional<String> layers, Optional<String> schedule, OptionalDouble budget, Optional<ConvertToMod.Style> style,
        Optional<String> pipeline, boolean routers) {
    public ConversionOptions {
        if (pipeline.isPresent()) {
            List<String> others = given(layers, schedule, budget, style, pipeline, routers);
            others.remove("--pipeline");
            others.remove("--routers");
            if (!others.isEmpty()) {
                throw new InputException("--pipeline says everything about the conversion; remove " + String.join(", ", others)
                        + " or put it into the pipeline");
            }
        }
    }

    /** The options given, by their names on the command line. */
    public List<String> given() {
        return given(layers, schedule, budget, style, pipeline, routers);
    }

    private static List<String> given(Optional<String> layers, Optional<String> schedule, OptionalDouble budget,
            Optional<ConvertToMod.Style> style, Optional<String> pipeline, boolean routers) {
        var given = new ArrayList<String>();
        layers.ifPresent(o -> given.add("--layers"));
        schedule.ifPresent(o -> given.add("--schedule"));
        budget.ifPresent(o -> given.add("--budget"));
        style.ifPresent(o -> given.add("--style"));
        pipeline.ifPresent(o -> given.add("--pipeline"));
        if (routers) {
            given.add("--routers");
        }
        return given;
    }

    /** Skipped tokens' keys and values are dropped, as the published systems do. */
    static Routing.SkippedKv kv() {
        return Routing.SkippedKv.DROP;
    }
}
