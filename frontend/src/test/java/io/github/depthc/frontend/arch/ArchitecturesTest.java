// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.frontend.arch.llama.LlamaArchitecture;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.InputException;
import java.util.List;
import org.junit.jupiter.api.Test;

class ArchitecturesTest {
    private static final String KNOWN = "bert, gemma2, gemma3_text, llama, llava, llava_llama, llava_next, mistral, mod_llava_llama, phi3, pmod_llava_llama, qwen2, qwen3";

    private final Architectures architectures = Architectures.registered();

    private static JsonObject config(String text) {
        return JsonObject.parse(text, "config.json");
    }

    private String error(String text) {
        return assertThrows(InputException.class, () -> architectures.of(config(text))).getMessage();
    }

    @Test
    void allAreRegistered() {
        assertEquals(List.of(KNOWN.split(", ")), architectures.modelTypes());
    }

    @Test
    void byModelType() {
        assertInstanceOf(LlamaArchitecture.class, architectures.of(config("{\"model_type\": \"llama\"}")));
        assertInstanceOf(LlamaArchitecture.class, architectures.ofModelType("llama"));
    }

    @Test
    void byClassNameWhereTheModelTypeIsAbsent() {
        assertInstanceOf(LlamaArchitecture.class, architectures.of(config("{\"architectures\": [\"LlamaForCausalLM\"]}")));
    }

    @Test
    void unknownOnesGetTheListAndTheNearest() {
        assertEquals("config.json: \"model_type\" is \"lama\", expected one of " + KNOWN + "; did you mean 'llama'?",
                error("{\"model_type\": \"lama\"}"));
        assertEquals("config.json: \"model_type\" is \"stablelm_epoch\", expected one of " + KNOWN, error("{\"model_type\": \"stablelm_epoch\"}"));
        assertEquals("architecture \"quen3\" is unknown, expected one of " + KNOWN + "; did you mean 'qwen3'?",
                assertThrows(InputException.class, () -> architectures.ofModelType("quen3")).getMessage());
    }

    @Test
    void noModelTypeAtAll() {
        assertEquals("config.json: \"model_type\" is missing, expected one of " + KNOWN, error("{}"));
        assertTrue(error("{\"model_type\": 7}").contains("\"model_type\" is 7, expected a string"));
    }

    @Test
    void refusedByNameWithTheReason() {
        assertTrue(error("{\"model_type\": \"mod_mgm\"}").startsWith("config.json: model_type mod_mgm cannot be imported: "));
        assertTrue(error("{\"model_type\": \"gemma3\"}").contains("gemma3_text"));
    }
}
