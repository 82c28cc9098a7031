// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.schedule;

import io.github.depthc.ir.Counted;
import io.github.depthc.passes.api.OptionException;
import java.util.List;
import java.util.OptionalDouble;

/**
 * The retention ratio of each decoder layer. Progressive ratio decay is p-MoD's
 * ({@code R(l) = cos(π·l/(L−1))/2 + average}); source: reference {@code mod-semantics}. A number out of its range is an
 * {@link OptionException} of the option of {@link SchedulePass} that has it.
 */
public sealed interface RetentionSchedule {
    /** The schedule's own value at layer {@code l} of {@code layers}, not clamped. */
    double value(int l, int layers);

    /** An {@link OptionException} unless it can be a schedule of this many layers. */
    default void requireFits(int layers) {
    }

    /** The ratio of a layer of which the schedule decides; empty when it keeps the layer dense. */
    default OptionalDouble ratio(int l, int layers) {
        return OptionalDouble.of(value(l, layers));
    }

    /** The ratio of a layer that was selected by other means: never dense, but at most the schedule's upper bound. */
    default double ratioOfSelected(int l, int layers) {
        return ratio(l, layers).orElseThrow();
    }

    /** Progressive ratio decay along a shifted cosine. */
    record Prd(double average, double max, double min) implements RetentionSchedule {
        public Prd {
            checkBounds(average, max, min);
        }

        @Override
        public double value(int l, int layers) {
            return Math.cos(Math.PI * progress(l, layers)) / 2 + average;
        }

        @Override
        public OptionalDouble ratio(int l, int layers) {
            return decayed(value(l, layers), max, min);
        }

        @Override
        public double ratioOfSelected(int l, int layers) {
            return Math.clamp(value(l, layers), min, max);
        }
    }

    /** A straight line instead of the cosine: {@code R(l) = −l/(L−1) + 0.5 + average}. */
    record Linear(double average, double max, double min) implements RetentionSchedule {
        public Linear {
            checkBounds(average, max, min);
        }

        @Override
        public double value(int l, int layers) {
            return -progress(l, layers) + 0.5 + average;
        }

        @Override
        public OptionalDouble ratio(int l, int layers) {
            return decayed(value(l, layers), max, min);
        }

        @Override
        public double ratioOfSelected(int l, int layers) {
            return Math.clamp(value(l, layers), min, max);
        }
    }

    /** The same ratio everywhere. */
    record Constant(double ratio) implements RetentionSchedule {
        public Constant {
            checkRatio("ratio", ratio);
        }

        @Override
        public double value(int l, int layers) {
            return ratio;
        }
    }

    /** One ratio for each layer; 1 is dense unless the layer was selected by other means. */
    record PerLayer(List<Double> ratios) implements RetentionSchedule {
        public PerLayer {
            ratios = List.copyOf(ratios);
            for (int l = 0; l < ratios.size(); l++) {
                checkRatio("list[" + l + "]", ratios.get(l));
            }
        }

        @Override
        public void requireFits(int layers) {
            require(ratios.size() == layers, "list", "the list has " + Counted.of(ratios.size(), "ratio") + ", expected " + layers + ", one for each layer");
        }

        @Override
        public double value(int l, int layers) {
            requireFits(layers);
            return ratios.get(l);
        }

        @Override
        public OptionalDouble ratio(int l, int layers) {
            double r = value(l, layers);
            return r == 1 ? OptionalDouble.empty() : OptionalDouble.of(r);
        }

        @Override
        public double ratioOfSelected(int l, int layers) {
            return value(l, layers);
        }
    }

    private static double progress(int l, int layers) {
        return layers == 1 ? 0 : (double) l / (layers - 1);
    }

    private static OptionalDouble decayed(double value, double max, double min) {
        return value > max ? OptionalDouble.empty() : OptionalDouble.of(Math.max(value, min));
    }

    private static void checkBounds(double average, double max, double min) {
        // beyond these every layer is at a bound
        require(average >= -0.5 && average <= 1.5, "average", "average is " + average + ", expected -0.5 to 1.5 (usually 0 to 1)");
        checkRatio("max", max);
        checkRatio("min", min);
        require(min <= max, "min", "min is " + min + " and max is " + max + ", expected min ≤ max");
    }

    private static void checkRatio(String option, double ratio) {
        require(ratio >= 0 && ratio <= 1, option, (option.startsWith("list") ? "ratio" : option) + " is " + ratio + ", expected 0 to 1");
    }

    private static void require(boolean ok, String option, String message) {
        if (!ok) {
            throw new OptionException(option, message);
        }
    }
}
