// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.pmod;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.frontend.arch.Configs;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.InputException;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PmodScheduleTest {
    private static List<OptionalDouble> of(String rule, double factor, int layers) {
        return PmodSchedule.of(JsonObject.parse("{\"mod_target_layers\": \"" + rule + "\", \"mod_router_factor\": " + factor + "}",
                "config.json"), layers);
    }

    private static List<Integer> routed(List<OptionalDouble> ratios) {
        return IntStream.range(0, ratios.size()).filter(i -> ratios.get(i).isPresent()).boxed().toList();
    }

    /** Numbers of the paper's Vicuna-7B configuration. */
    @Test
    void published() {
        List<OptionalDouble> ratios = of("shiftedcos_decay_0.85_0.15", 0.5, 32);
        assertEquals(IntStream.range(8, 32).boxed().toList(), routed(ratios));
        assertEquals(0.8445, ratios.get(8).getAsDouble(), 5e-5);
        assertEquals(0.1555, ratios.get(23).getAsDouble(), 5e-5);
        for (int i = 24; i < 32; i++) {
            assertEquals(0.15, ratios.get(i).getAsDouble());
        }
        assertEquals(0.5375, ratios.stream().mapToDouble(r -> r.orElse(1)).average().orElseThrow(), 5e-5);
    }

    /** The reference divides by 31 whatever the depth. */
    @Test
    void shallowModelsFollowTheSameCurve() {
        List<OptionalDouble> deep = of("shiftedcos_decay_0.85_0.15", 0.5, 32);
        assertEquals(deep.subList(0, 12), of("shiftedcos_decay_0.85_0.15", 0.5, 12));
    }

    @ParameterizedTest
    @CsvSource(delimiter = ':', value = {"1: []", "2: [1]", "3: [1]", "4: [2]", "6: [2, 3, 4]", "32: [8, 9"})
    void aSyntheticModelOfAnyDepthRoutes(int layers, String expected) {
        String routed = routed(PmodSchedule.of(Configs.small("pmod_llava_llama", layers), layers)).toString();
        assertTrue(routed.startsWith(expected), routed);
    }

    @Test
    void linear() {
        List<OptionalDouble> ratios = of("shiftedlinear_decay_0.85_0.70", 0.36, 8);
        assertEquals(List.of(1, 2, 3, 4, 5, 6, 7), routed(ratios));
        assertEquals(0.5 - 1 / 31.0 + 0.36, ratios.get(1).getAsDouble());
        assertEquals(0.70, ratios.get(6).getAsDouble());
    }

    @Test
    void constant() {
        assertEquals(List.of(1, 3, 5), routed(of("interleave", 0.5, 6)));
        assertEquals(List.of(2, 3, 4), routed(of("deep_all", 0.5, 6)));
        assertEquals(List.of(2, 3, 4, 5), routed(of("deep_all_include_last", 0.3, 6)));
        assertEquals(OptionalDouble.of(0.3), of("deep_all_include_last", 0.3, 6).get(5));
    }

    @Test
    void withoutTheKeyEveryLayerIsDense() {
        assertTrue(routed(PmodSchedule.of(JsonObject.parse("{\"mod_target_layers\": null}", "config.json"), 4)).isEmpty());
    }

    @Test
    void errors() {
        assertEquals("config.json: \"mod_target_layers\" is \"shiftedsin_decay_0.85_0.15\", expected shiftedcos_decay_MAX_MIN, "
                + "shiftedlinear_decay_MAX_MIN, interleave, deep_all or deep_all_include_last",
                assertThrows(InputException.class, () -> of("shiftedsin_decay_0.85_0.15", 0.5, 4)).getMessage());
        assertThrows(InputException.class, () -> of("shiftedcos_decay_0.15_0.85", 0.5, 4));
        assertEquals("config.json: \"mod_router_factor\" is 1.5, expected a number from 0.0 to 1.0",
                assertThrows(InputException.class, () -> of("interleave", 1.5, 4)).getMessage());
    }
}
