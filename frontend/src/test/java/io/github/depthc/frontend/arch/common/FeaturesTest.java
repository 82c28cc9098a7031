// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.common;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.InputException;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FeaturesTest {
    private static JsonObject config(String more) {
        return JsonObject.parse("{\"model_type\": \"llama\", " + more + "}", "config.json");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"quantization_config\": {\"quant_method\": \"gptq\"}", "\"num_local_experts\": 8", "\"logits_scaling\": 8.0",
            "\"attention_multiplier\": 0.0078125", "\"layers_block_type\": [\"mamba\"]", "\"is_encoder_decoder\": true",
            "\"sliding_window\": 4096", "\"final_logit_softcapping\": 30.0", "\"partial_rotary_factor\": 0.5"})
    void isOn(String feature) {
        JsonObject config = config(feature);
        String key = config.keys().getLast();
        String message = assertThrows(InputException.class, () -> Features.check(config, Set.of())).getMessage();
        assertEquals("config.json: \"" + key + "\" is " + config.node().get(key)
                + ", expected it to be absent: this feature is not supported for model_type llama", message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"quantization_config\": null", "\"pruned_heads\": {}", "\"is_encoder_decoder\": false",
            "\"logits_scaling\": 1.0", "\"partial_rotary_factor\": 1.0", "\"num_local_experts\": 0"})
    void isOff(String feature) {
        assertDoesNotThrow(() -> Features.check(config(feature), Set.of()));
    }

    @Test
    void whatTheFamilyReadsIsItsOwnBusiness() {
        assertDoesNotThrow(() -> Features.check(config("\"sliding_window\": 4096"), Set.of("sliding_window")));
    }
}
