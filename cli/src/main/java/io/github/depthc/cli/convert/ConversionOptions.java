// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import io.github.depthc.cli.calibration.CalibrationOptions;
import io.github.depthc.cli.plan.SelectorParser;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.builtin.BuiltinPasses;
import io.github.depthc.passes.builtin.allocate.BudgetOf;
import io.github.depthc.passes.builtin.convert.ConvertToMod;
import io.github.depthc.passes.builtin.quantize.QuantizeWeights;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How layers are to be converted, as the user says it. What is empty was not given.
 *
 * @param layers      a layer selection
 * @param schedule    a retention schedule
 * @param budget      the share of the dense model's cost that is to be left
 * @param budgetOf    what that counts
 * @param style       the combination of attributes
 * @param pipeline    passes to run instead of what the other options mean; an empty text means none
 * @param routers     whether a file of router weights was given
 * @param calibration which options about calibration text were given, by their names
 * @param quantize    how weights are to be quantised; a pipeline may do so too
 * @param images      whether the model takes images, whose tokens are then those to skip
 */
public record ConversionOptions(Optional<String> layers, Optional<String> schedule, OptionalDouble budget, Optional<BudgetOf> budgetOf,
        Optional<ConvertToMod.Style> style, Optional<String> pipeline, boolean routers, List<String> calibration, Optional<QuantizeWeights.Options> quantize,
        boolean images) {
    public ConversionOptions {
        calibration = List.copyOf(calibration);
        requireText("--layers", layers);
        requireText("--schedule", schedule);
        if (pipeline.isPresent()) {
            List<String> others = shaping(layers, schedule, budget, budgetOf, style);
            if (!others.isEmpty()) {
                throw new InputException("--pipeline says everything about the conversion; remove " + String.join(", ", others)
                        + " or put it into the pipeline");
            }
        } else if (none(layers)) {
            List<String> others = new ArrayList<>(shaping(Optional.empty(), schedule, budget, budgetOf, style));
            if (routers) {
                others.add("--routers");
            }
            if (!others.isEmpty()) {
                throw new InputException(String.join(", ", others) + (others.size() == 1 ? " has" : " have") + " no effect: --layers none converts no layer; remove "
                        + "one or the other");
            }
        }
    }

    /** Refuses options about a budget and calibration text that nothing reads; of a checkpoint whose layers can be chosen. */
    void requireMeasuring() {
        if (budgetOf.isPresent() && budget.isEmpty()) {
            throw new InputException("--budget-of has no effect: it says what --budget counts; add --budget RATIO, or remove it");
        }
        if (budgetOf.equals(Optional.of(BudgetOf.TIME)) && !calibration.contains(CalibrationOptions.FILE)) {
            throw new InputException("--budget-of time needs text to measure on: add --calibration FILE; without it --budget counts FLOPs (or KV: --budget-of kv)");
        }
        boolean ranks = layers.map(SelectorParser::measures).orElse(false);
        boolean answers = calibration.contains(CalibrationOptions.FILE) && budget.isPresent() && layers.isEmpty() && schedule.isEmpty() && style.isEmpty()
                && !routers;
        if (calibration.contains(CalibrationOptions.FILE) && budget.isPresent() && !ranks && !answers) {
            var shaping = new ArrayList<>(shaping(layers, schedule, OptionalDouble.empty(), Optional.empty(), style));
            if (routers) {
                shaping.add("--routers");
            }
            throw new InputException("--budget with --calibration chooses layers and ratios by what the model answers; remove " + String.join(", ", shaping)
                    + ", or remove --calibration and let --budget solve the schedule");
        }
        if (pipeline.isEmpty() && !calibration.isEmpty() && !ranks && !answers) {
            throw new InputException(String.join(", ", calibration) + (calibration.size() == 1 ? " has" : " have") + " no effect: text is read by a selection by "
                    + "ARank; add --layers arank:50% (or arank:K, arank:auto). Or give --calibration and --budget, and no layers, schedule, style or routers, to "
                    + "choose by what the model answers");
        }
    }

    /** Layers and schedule alone. */
    public static ConversionOptions plan(String layers, String schedule) {
        return new ConversionOptions(Optional.ofNullable(layers), Optional.ofNullable(schedule), OptionalDouble.empty(), Optional.empty(),
                Optional.empty(), Optional.empty(), false, List.of(), Optional.empty(), false);
    }

    /** The same, with weights quantised. */
    public ConversionOptions quantizing(Optional<QuantizeWeights.Options> how) {
        return new ConversionOptions(layers, schedule, budget, budgetOf, style, pipeline, routers, calibration, how, images);
    }

    /** The same, of a model that takes images or does not. */
    public ConversionOptions withImages(boolean takes) {
        return new ConversionOptions(layers, schedule, budget, budgetOf, style, pipeline, routers, calibration, quantize, takes);
    }

    /** Whether it is asked for that no layer is converted. */
    public boolean dense() {
        return none(layers) || pipeline.map(String::isBlank).orElse(false);
    }

    /** Whether layers and ratios are to be chosen by what they do to the model's answers. */
    public boolean allocates() {
        return calibration.contains(CalibrationOptions.FILE) && pipeline.isEmpty() && layers.isEmpty();
    }

    /**
     * Whether the model may be run, on whatever text.
     *
     * @throws InputException if the pipeline cannot be read
     */
    public boolean mayMeasure(PassRegistry registry) {
        return allocates() || layers.map(SelectorParser::measures).orElse(false) || pipeline.map(p -> BuiltinPasses.mayMeasure(Pipeline.parse(p, registry))).orElse(false);
    }

    /**
     * Whether the model's answers are to be measured.
     *
     * @throws InputException if the pipeline cannot be read
     */
    public boolean measuresAnswers(PassRegistry registry) {
        return allocates() || pipeline.map(p -> Conversion.measuresAnswers(Pipeline.parse(p, registry))).orElse(false);
    }

    /** What the budget counts. */
    BudgetOf counted() {
        return budgetOf.orElse(BudgetOf.FLOPS);
    }

    /** The options given, by their names on the command line. */
    public List<String> given() {
        List<String> given = shaping(layers, schedule, budget, budgetOf, style);
        pipeline.ifPresent(o -> given.add("--pipeline"));
        if (routers) {
            given.add("--routers");
        }
        given.addAll(calibration);
        return given;
    }

    private static List<String> shaping(Optional<String> layers, Optional<String> schedule, OptionalDouble budget,
            Optional<BudgetOf> budgetOf, Optional<ConvertToMod.Style> style) {
        var given = new ArrayList<String>();
        layers.ifPresent(o -> given.add("--layers"));
        schedule.ifPresent(o -> given.add("--schedule"));
        budget.ifPresent(o -> given.add("--budget"));
        budgetOf.ifPresent(o -> given.add("--budget-of"));
        style.ifPresent(o -> given.add("--style"));
        return given;
    }

    private static boolean none(Optional<String> layers) {
        return layers.map(l -> l.strip().equals(SelectorParser.NONE)).orElse(false);
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
