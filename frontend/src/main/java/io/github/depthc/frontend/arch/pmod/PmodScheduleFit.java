// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.pmod;

import io.github.depthc.frontend.json.Json;
import io.github.depthc.frontend.json.JsonObject;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.IntToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * A schedule that yields given ratios: {@link PmodSchedule} backwards. A ratio counts as the one asked for when it is so in F32,
 * which is what the kept tokens are counted in.
 *
 * @param rule   {@code mod_target_layers}
 * @param factor {@code mod_router_factor}
 */
record PmodScheduleFit(String rule, double factor) {
    private static final int DIGITS = 17;

    /** The schedule that a configuration states, if it states one. */
    static Optional<PmodScheduleFit> stated(JsonObject config) {
        return Optional.ofNullable(config.optString(PmodSchedule.KEY, null)).map(rule -> new PmodScheduleFit(rule, config.requireDouble(PmodSchedule.FACTOR, 0, 1)));
    }

    /**
     * The simplest schedule of these ratios.
     *
     * @param ratios one for each layer, empty where it is dense; some are not
     */
    static Optional<PmodScheduleFit> of(List<OptionalDouble> ratios) {
        double last = ratios.stream().flatMapToDouble(OptionalDouble::stream).reduce((a, b) -> b).orElseThrow();
        Stream<PmodScheduleFit> constant = Stream.of("interleave", "deep_all", "deep_all_include_last").map(rule -> new PmodScheduleFit(rule, last));
        return Stream.concat(constant, Stream.of("shiftedcos", "shiftedlinear").flatMap(curve -> decays(curve, ratios)))
                .filter(fit -> fit.yields(ratios)).findFirst();
    }

    /** True if the schedule has these ratios. */
    boolean yields(List<OptionalDouble> ratios) {
        JsonObject config = JsonObject.of(Json.object().put(PmodSchedule.KEY, rule).put(PmodSchedule.FACTOR, factor), "schedule");
        List<OptionalDouble> own = PmodSchedule.of(config, ratios.size());
        for (int l = 0; l < ratios.size(); l++) {
            if (own.get(l).isPresent() != ratios.get(l).isPresent() || (float) own.get(l).orElse(1) != (float) ratios.get(l).orElse(1)) {
                return false;
            }
        }
        return true;
    }

    /** Decays fall with the layer: what they route is the last layers, and their lower bound shows, if at all, at the end. */
    private static Stream<PmodScheduleFit> decays(String curve, List<OptionalDouble> ratios) {
        int first = 0;
        while (ratios.get(first).isEmpty()) {
            first++;
        }
        double low = ratios.getLast().orElse(-1);
        if (low < 0 || first == 0) {
            return Stream.empty();
        }
        int from = first;
        IntToDoubleFunction value = l -> PmodSchedule.decay(curve, l);
        double between = low - (value.applyAsDouble(from - 1) + value.applyAsDouble(from)) / 2;
        return DoubleStream.of(ratios.get(from).getAsDouble() - value.applyAsDouble(from), between).boxed().flatMap(f -> rounded(f).stream())
                .filter(f -> f >= 0 && f <= 1)
                .flatMap(f -> bound(Math.max(low, value.applyAsDouble(from) + f), value.applyAsDouble(from - 1) + f)
                        .map(high -> new PmodScheduleFit(curve + "_decay_" + high + "_" + text(low), f)).stream());
    }

    /** The number rounded to ever more digits. */
    private static List<Double> rounded(double number) {
        var all = new ArrayList<Double>();
        for (int digits = 1; digits <= DIGITS; digits++) {
            all.add(new BigDecimal(number).setScale(digits, RoundingMode.HALF_EVEN).doubleValue());
        }
        return all.stream().distinct().toList();
    }

    /** The shortest number of at least {@code from}, less than {@code below} and at most one. */
    private static Optional<String> bound(double from, double below) {
        for (int digits = 1; digits <= DIGITS; digits++) {
            BigDecimal up = new BigDecimal(from).setScale(digits, RoundingMode.CEILING);
            if (up.doubleValue() < below && up.doubleValue() <= 1) {
                return Optional.of(up.toPlainString());
            }
        }
        return Optional.empty();
    }

    private static String text(double number) {
        return BigDecimal.valueOf(number).toPlainString();
    }
}
