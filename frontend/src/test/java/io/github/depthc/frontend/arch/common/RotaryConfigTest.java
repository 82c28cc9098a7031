// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.common;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.frontend.arch.DecoderConfig;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.op.RotarySpec;
import io.github.depthc.ir.op.RotarySpec.Scaling;
import java.util.List;
import org.junit.jupiter.api.Test;

class RotaryConfigTest {
    private static DecoderConfig config(String more) {
        return new DecoderConfig("x", JsonObject.parse("{\"max_position_embeddings\": 128" + more + "}", "config.json"));
    }

    private static RotarySpec spec(String more) {
        return RotaryConfig.of(config(more)).spec(8, 10_000);
    }

    private static Scaling scaling(String scaling) {
        return spec(", \"rope_scaling\": " + scaling).scaling();
    }

    private static String error(String scaling) {
        return assertThrows(InputException.class, () -> scaling(scaling)).getMessage();
    }

    @Test
    void none() {
        assertEquals(new RotarySpec(8, 10_000, new Scaling.None()), spec(""));
        assertEquals(new RotarySpec(8, 500_000, new Scaling.None()), spec(", \"rope_theta\": 500000.0, \"rope_scaling\": null"));
        assertEquals(new Scaling.None(), scaling("{\"rope_type\": \"default\"}"));
    }

    @Test
    void linearByEitherKey() {
        assertEquals(new Scaling.Linear(4), scaling("{\"type\": \"linear\", \"factor\": 4.0}"));
        assertEquals(new Scaling.Linear(4), scaling("{\"rope_type\": \"linear\", \"type\": \"linear\", \"factor\": 4.0}"));
    }

    @Test
    void llama3() {
        assertEquals(new Scaling.Llama3(8, 1, 4, 64), scaling("{\"rope_type\": \"llama3\", \"factor\": 8.0, \"low_freq_factor\": 1.0,"
                + " \"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 64}"));
    }

    @Test
    void yarnInfersItsAttentionFactor() {
        assertEquals(new Scaling.Yarn(4, 32, 1, 32, 0.1 * Math.log(4) + 1, true),
                scaling("{\"rope_type\": \"yarn\", \"factor\": 4.0, \"original_max_position_embeddings\": 32}"));
        assertEquals(new Scaling.Yarn(4, 32, 1, 128, 0.1 * Math.log(4) + 1, true), scaling("{\"rope_type\": \"yarn\", \"factor\": 4.0}"));
    }

    @Test
    void yarnWithMagnitudes() {
        double expected = (0.1 * 0.707 * Math.log(40) + 1) / (0.1 * 1 * Math.log(40) + 1);
        assertEquals(new Scaling.Yarn(40, 32, 1, 128, expected, true),
                scaling("{\"rope_type\": \"yarn\", \"factor\": 40, \"mscale\": 0.707, \"mscale_all_dim\": 1.0}"));
    }

    @Test
    void longRopeTakesTheRatioOfContexts() {
        String lists = "\"short_factor\": [1, 1, 1, 1], \"long_factor\": [1, 2, 3, 4.5]";
        double attention = Math.sqrt(1 + Math.log(4) / Math.log(32));
        var expected = new Scaling.LongRope(List.of(1.0, 1.0, 1.0, 1.0), List.of(1.0, 2.0, 3.0, 4.5), 32, attention);
        assertEquals(expected, spec(", \"original_max_position_embeddings\": 32, \"rope_scaling\": {\"type\": \"longrope\", " + lists + "}").scaling());
        assertEquals(expected, spec(", \"original_max_position_embeddings\": 32, \"rope_scaling\": {\"type\": \"su\", " + lists + "}").scaling());
    }

    @Test
    void parametersOfTransformers5() {
        assertEquals(new RotarySpec(8, 500_000, new Scaling.Linear(2)),
                spec(", \"rope_parameters\": {\"rope_type\": \"linear\", \"rope_theta\": 500000.0, \"factor\": 2.0}"));
        DecoderConfig config = config(", \"rope_parameters\": {\"full_attention\": {\"rope_type\": \"linear\", \"rope_theta\": 1000000.0, \"factor\": 8.0},"
                + " \"sliding_attention\": {\"rope_type\": \"default\", \"rope_theta\": 20000.0}}");
        assertEquals(new RotarySpec(8, 1_000_000, new Scaling.Linear(8)), RotaryConfig.of(config, LayerTypes.FULL).spec(8, 10_000));
        assertEquals(new RotarySpec(8, 20_000, new Scaling.None()),
                RotaryConfig.of(config, LayerTypes.SLIDING).unscaled(8, "rope_local_base_freq", 10_000));
    }

    @Test
    void errors() {
        assertEquals("config.json: \"rope_scaling.rope_type\" is \"dynamic\", expected one of default, linear, llama3, yarn, longrope",
                error("{\"rope_type\": \"dynamic\", \"factor\": 2.0}"));
        assertEquals("config.json: \"rope_scaling.factor\" is missing, expected a number from 1.0 to 1000000.0", error("{\"type\": \"linear\"}"));
        assertEquals("config.json: \"rope_scaling.type\" is \"yarn\", expected the same as rope_type, which is \"linear\"",
                error("{\"type\": \"yarn\", \"rope_type\": \"linear\", \"factor\": 2.0}"));
        assertEquals("config.json: \"rope_scaling.short_factor\" is [1,1], expected a list of 4 numbers, not 2",
                error("{\"type\": \"longrope\", \"short_factor\": [1, 1], \"long_factor\": [1, 1, 1, 1]}"));
        assertEquals("config.json: \"rope_scaling.high_freq_factor\" is 1.0, expected more than low_freq_factor, which is 4.0",
                error("{\"rope_type\": \"llama3\", \"factor\": 8.0, \"low_freq_factor\": 4.0, \"high_freq_factor\": 1.0,"
                        + " \"original_max_position_embeddings\": 64}"));
    }
}
