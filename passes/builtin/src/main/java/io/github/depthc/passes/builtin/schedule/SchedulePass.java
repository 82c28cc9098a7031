// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.schedule;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.passes.api.Doc;
import io.github.depthc.passes.api.OptionException;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Rewriter;
import io.github.depthc.passes.builtin.DenseLayers;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Plans a retention ratio for every selected layer. With {@code select=true}, where no layer has been selected, the
 * schedule itself selects the layers it does not keep dense.
 */
public final class SchedulePass implements Pass<SchedulePass.Options> {
    private static final double AVERAGE = 0.5;
    private static final double MAX = 0.85;
    private static final double MIN = 0.15;
    private static final double RATIO = 0.5;

    /** Which formula. */
    public enum Kind { PRD, LINEAR, CONSTANT, LIST }

    /**
     * Options.
     *
     * @param kind    the formula
     * @param average prd, linear: the mean of the curve
     * @param max     prd, linear: above it a layer stays dense
     * @param min     prd, linear: no ratio is below it
     * @param ratio   constant: the ratio
     * @param list    list: one ratio for each layer
     * @param select  let the schedule select layers where none has been selected
     */
    public record Options(@Doc("the formula") Kind kind, @Doc("prd, linear: mean of the curve") double average,
            @Doc("prd, linear: above it a layer stays dense") double max, @Doc("prd, linear: no ratio is below it") double min,
            @Doc("constant: the ratio") double ratio, @Doc("list: one ratio for each layer") List<Double> list,
            @Doc("where no layer is selected, select those the schedule does not keep dense") boolean select) {
        public Options {
            list = List.copyOf(list);
            // all are checked, those too that the formula does not use: nobody writes one that is out of range on purpose
            new RetentionSchedule.Prd(average, max, min);
            new RetentionSchedule.Constant(ratio);
            new RetentionSchedule.PerLayer(list);
            boolean curve = kind == Kind.PRD || kind == Kind.LINEAR;
            requireUsed(curve || average == AVERAGE, "average", kind);
            requireUsed(curve || max == MAX, "max", kind);
            requireUsed(curve || min == MIN, "min", kind);
            requireUsed(kind == Kind.CONSTANT || ratio == RATIO, "ratio", kind);
            requireUsed(kind == Kind.LIST || list.isEmpty(), "list", kind);
        }

        private static void requireUsed(boolean used, String option, Kind kind) {
            if (!used) {
                throw new OptionException(option, option + " has no effect: kind is " + kind.name().toLowerCase(Locale.ROOT) + "; leave it out, or give another kind");
            }
        }

        /** What these options mean. */
        public RetentionSchedule schedule() {
            return switch (kind) {
                case PRD -> new RetentionSchedule.Prd(average, max, min);
                case LINEAR -> new RetentionSchedule.Linear(average, max, min);
                case CONSTANT -> new RetentionSchedule.Constant(ratio);
                case LIST -> new RetentionSchedule.PerLayer(list);
            };
        }

        /** The options that mean this schedule; {@code select} as above. */
        public static Options of(RetentionSchedule schedule, boolean select) {
            return switch (schedule) {
                case RetentionSchedule.Prd(double average, double max, double min) ->
                    new Options(Kind.PRD, average, max, min, RATIO, List.of(), select);
                case RetentionSchedule.Linear(double average, double max, double min) ->
                    new Options(Kind.LINEAR, average, max, min, RATIO, List.of(), select);
                case RetentionSchedule.Constant(double ratio) -> new Options(Kind.CONSTANT, AVERAGE, MAX, MIN, ratio, List.of(), select);
                case RetentionSchedule.PerLayer(List<Double> ratios) -> new Options(Kind.LIST, AVERAGE, MAX, MIN, RATIO, ratios, select);
            };
        }
    }

    @Override
    public PassSpec<Options> spec() {
        return new PassSpec<>("schedule", "plan the retention ratio of each selected layer (of those the schedule selects, when none is)",
                new Options(Kind.PRD, AVERAGE, MAX, MIN, RATIO, List.of(), true));
    }

    @Override
    public Outcome run(Model model, Options options, PassContext context) {
        Optional<Outcome.NotApplicable> none = DenseLayers.missing(model);
        if (none.isPresent()) {
            return none.get();
        }
        RetentionSchedule schedule = options.schedule();
        int layers = model.layerCount();
        schedule.requireFits(layers);
        boolean selects = options.select() && model.nodes(Layer.class).stream().noneMatch(n -> ((Layer) n.kind()).selected());
        return Rewriter.graph(model).apply(context, "layers planned", site -> {
            if (site.node().kind() instanceof Layer l) {
                OptionalDouble ratio = selects ? schedule.ratio(l.index(), layers)
                        : l.selected() ? OptionalDouble.of(schedule.ratioOfSelected(l.index(), layers)) : OptionalDouble.empty();
                if (selects || l.selected()) {
                    site.replaceKind(new Layer(l.index(), ratio.isPresent(), ratio.orElse(1)));
                }
            }
        });
    }
}
