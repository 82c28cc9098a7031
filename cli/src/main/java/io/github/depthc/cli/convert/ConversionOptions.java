// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import io.github.depthc.cli.plan.SelectorParser;
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
 * @param layers      a layer selection
 * @param schedule    a retention schedule
 * @param budget      the FLOPs ratio that the schedule is solved for
 * @param style       the combination of attributes
 * @param pipeline    passes to run instead of what the other options mean; an empty text means none
 * @param routers     whether a file of router weights was given
 * @param calibration whether a calibration text was given
 */
public record ConversionOptions(Optional<String> layers, Optional<String> schedule, OptionalDouble budget, Optional<ConvertToMod.Style> style,
        Optional<String> pipeline, boolean routers, boolean calibration) {
    public ConversionOptions {
        requireText("--layers", layers);
        requireText("--schedule", schedule);
        if (pipeline.isPresent()) {
            List<String> others = shaping(layers, schedule, budget, style);
            if (!others.isEmpty()) {
                throw new InputException("--pipeline says everything about the conversion; remove " + String.join(", ", others)
                        + " or put it into the pipeline");
            }
        } else if (layers.map(l -> l.strip().equals(SelectorParser.NONE)).orElse(false)) {
            List<String> others = new ArrayList<>(shaping(Optional.empty(), schedule, budget, style));
            if (routers) {
                others.add("--routers");
            }
            if (!others.isEmpty()) {
                throw new InputException(String.join(", ", others) + (others.size() == 1 ? " has" : " have") + " no effect: --layers none converts no layer; remove "
                        + "one or the other");
            }
        }
        boolean ranks = layers.map(SelectorParser::measures).orElse(false);
        if (pipeline.isEmpty() && calibration && !ranks && !(budget.isPresent() && layers.isEmpty() && schedule.isEmpty() && style.isEmpty() && !routers)) {
            throw new InputException("--calibration has no effect: it is read by a selection by ARank (--layers arank:50%, arank:K or arank:auto), or, with "
                    + "--budget and no other choice of layers, schedule, style or routers, to choose by what the model answers; add one or remove it");
        }
    }

    /** Layers and schedule alone. */
    public static ConversionOptions plan(String layers, String schedule) {
        return new ConversionOptions(Optional.ofNullable(layers), Optional.ofNullable(schedule), OptionalDouble.empty(), Optional.empty(),
                Optional.empty(), false, false);
    }

    /** Whether layers and ratios are to be chosen by what they do to the model's answers. */
    public boolean allocates() {
        return calibration && pipeline.isEmpty() && layers.isEmpty();
    }

    /** Whether the model's answers are to be measured. */
    public boolean measuresAnswers() {
        return allocates() || pipeline.map(p -> p.contains("allocate")).orElse(false);
    }

    /** The options given, by their names on the command line. */
    public List<String> given() {
        List<String> given = shaping(layers, schedule, budget, style);
        pipeline.ifPresent(o -> given.add("--pipeline"));
        if (routers) {
            given.add("--routers");
        }
        if (calibration) {
            given.add("--calibration");
        }
        return given;
    }

    private static List<String> shaping(Optional<String> layers, Optional<String> schedule, OptionalDouble budget,
            Optional<ConvertToMod.Style> style) {
        var given = new ArrayList<String>();
        layers.ifPresent(o -> given.add("--layers"));
        schedule.ifPresent(o -> given.add("--schedule"));
        budget.ifPresent(o -> given.add("--budget"));
        style.ifPresent(o -> given.add("--style"));
        return given;
    }

    private static void requireText(String option, Optional<String> text) {
        if (text.isPresent() && text.get().isBlank()) {
            throw new InputException(option + " is empty; give it a value or leave it out");
        }
    }

    /** Skipped tokens' keys and values are dropped, as the published systems do. */
    static Routing.SkippedKv kv() {
        return Routing.SkippedKv.DROP;
    }
}
