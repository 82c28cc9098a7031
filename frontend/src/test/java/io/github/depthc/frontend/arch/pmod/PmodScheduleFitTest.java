// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.pmod;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.frontend.json.JsonObject;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PmodScheduleFitTest {
    private static List<OptionalDouble> ratios(String rule, double factor, int layers) {
        return PmodSchedule.of(JsonObject.parse("{\"mod_target_layers\": \"" + rule + "\", \"mod_router_factor\": " + factor + "}", "config.json"),
                layers);
    }

    /** What each layer keeps as it is counted: in F32; −1 where it is dense. */
    private static List<Float> counted(List<OptionalDouble> ratios) {
        return ratios.stream().map(r -> (float) r.orElse(-1)).toList();
    }

    /** Every schedule is found again, by its simplest name. */
    @ParameterizedTest
    @CsvSource({
        "shiftedcos_decay_0.85_0.15,    0.5,    32, shiftedcos_decay_0.85_0.15",
        "shiftedcos_decay_0.55_0.45,    0.06,   12, shiftedcos_decay_0.55_0.45",
        "shiftedlinear_decay_0.85_0.70, 0.36,   12, shiftedlinear_decay_0.83_0.7",
        "shiftedlinear_decay_0.90_0.10, 0.4375, 32, shiftedlinear_decay_0.9_0.1",
        "interleave,                    0.3,    32, interleave",
        "deep_all,                      0.3,    32, deep_all",
        "deep_all_include_last,         0.3,    32, deep_all_include_last",
    })
    void whatAScheduleYieldsIsFound(String rule, double factor, int layers, String simplest) {
        assertEquals(Optional.of(new PmodScheduleFit(simplest, factor)), PmodScheduleFit.of(ratios(rule, factor, layers)));
    }

    /** A decay of few layers does not reach its lower bound, whose value then is any that is low enough. */
    @ParameterizedTest
    @CsvSource({"shiftedcos_decay_0.85_0.15, 0.36, 8", "shiftedlinear_decay_0.83_0.0, 0.3717, 7", "shiftedcos_decay_1.0_0.0, 0.50001, 31"})
    void decaysThatEndEarly(String rule, double factor, int layers) {
        PmodScheduleFit found = PmodScheduleFit.of(ratios(rule, factor, layers)).orElseThrow();
        assertEquals(counted(ratios(rule, factor, layers)), counted(ratios(found.rule(), found.factor(), layers)), found.toString());
    }

    /** One ratio in the last layers, whichever these are: a decay that is at its lower bound all along. */
    @ParameterizedTest
    @CsvSource({"9, 32", "16, 32", "31, 32", "2, 4", "1, 2"})
    void oneRatioInTheLastLayers(int first, int layers) {
        List<OptionalDouble> wanted = IntStream.range(0, layers).mapToObj(l -> l < first ? OptionalDouble.empty() : OptionalDouble.of(0.4)).toList();
        PmodScheduleFit found = PmodScheduleFit.of(wanted).orElseThrow();
        assertEquals(counted(wanted), counted(ratios(found.rule(), found.factor(), layers)), found.toString());
    }

    /** A new conversion of another depth counts its own layers. */
    @Test
    void ratiosThatNoScheduleYields() {
        List<OptionalDouble> ownDepth = IntStream.range(0, 16)
                .mapToObj(l -> l < 4 ? OptionalDouble.empty() : OptionalDouble.of(Math.max(Math.cos(Math.PI * l / 15) / 2 + 0.5, 0.15))).toList();
        assertEquals(Optional.empty(), PmodScheduleFit.of(ownDepth));
        List<OptionalDouble> gap = List.of(OptionalDouble.empty(), OptionalDouble.of(0.5), OptionalDouble.of(0.4), OptionalDouble.of(0.5));
        assertEquals(Optional.empty(), PmodScheduleFit.of(gap));
    }
}
