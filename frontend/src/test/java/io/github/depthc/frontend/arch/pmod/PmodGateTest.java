// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.pmod;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.mod.Routing.Gate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PmodGateTest {
    private static PmodGate of(String text) {
        return PmodGate.of(JsonObject.parse("{\"mod_weight_norm\": \"" + text + "\"}", "config.json"));
    }

    @Test
    void forms() {
        assertEquals(new Gate.Tanh(0.2, 1), of("tanh_0.2_1").gate());
        assertEquals(new Gate.Sigmoid(1.5, 0.25), of("sigmoid_1.5_0.25").gate());
        assertEquals(new Gate.Softmax(2, -0.5), of("softmax_2_-0.5").gate());
    }

    @Test
    void bareNamesMeanOneAndOne() {
        assertEquals(new Gate.Tanh(1, 1), of("tanh").gate());
        assertEquals(new Gate.Sigmoid(1, 1), of("sigmoid").gate());
        assertEquals(new PmodGate("none", 1, 1), of("none"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"relu", "tanh_0.2", "tanh_-0.2_1", "tanh_0.2_1_3", "Tanh", ""})
    void errors(String text) {
        assertEquals("config.json: \"mod_weight_norm\" is \"" + text + "\", expected tanh, sigmoid, softmax or none, alone or with two numbers"
                + " as in tanh_0.2_1", assertThrows(InputException.class, () -> of(text)).getMessage());
    }
}
