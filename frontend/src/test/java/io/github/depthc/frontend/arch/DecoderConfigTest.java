// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.frontend.Importer;
import io.github.depthc.ir.InputException;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class DecoderConfigTest {
    private static String error(String modelType, Consumer<ObjectNode> edit) {
        return assertThrows(InputException.class, () -> Importer.fromConfig(Configs.small(modelType, 2, edit), "x")).getMessage();
    }

    private static String error(Consumer<ObjectNode> edit) {
        return error("llama", edit);
    }

    @Test
    void absurdSizes() {
        assertEquals("config.json: \"num_hidden_layers\" is -3, expected an integer from 1 to 1024", error(n -> n.put("num_hidden_layers", -3)));
        assertEquals("config.json: \"num_hidden_layers\" is 1000000000, expected an integer from 1 to 1024",
                error(n -> n.put("num_hidden_layers", 1_000_000_000)));
        assertEquals("config.json: \"hidden_size\" is 0, expected an integer from 1 to 1048576", error(n -> n.put("hidden_size", 0)));
        assertEquals("config.json: \"hidden_size\" is 32.5, expected an integer from 1 to 1048576", error(n -> n.put("hidden_size", 32.5)));
        assertEquals("config.json: \"vocab_size\" is 99999999999, expected an integer from 1 to 67108864",
                error(n -> n.put("vocab_size", 99_999_999_999L)));
        assertEquals("config.json: \"intermediate_size\" is missing, expected an integer from 1 to 16777216",
                error(n -> n.remove("intermediate_size")));
    }

    @Test
    void heads() {
        assertEquals("config.json: \"num_key_value_heads\" is 3, expected a divisor of num_attention_heads, which is 4",
                error(n -> n.put("num_key_value_heads", 3)));
        assertEquals("config.json: \"num_attention_heads\" is 6, expected a divisor of hidden_size, which is 32, or a head_dim",
                error(n -> n.put("num_attention_heads", 6).remove("head_dim")));
        assertEquals("config.json: 32768 heads of size 32768 are 1073741824 wide, expected at most 16777216",
                error(n -> n.put("num_attention_heads", 32768).put("num_key_value_heads", 2).put("head_dim", 32768)));
        assertEquals("config.json: \"head_dim\" is 7, expected a size of which an even number of elements is rotated, not 7",
                error(n -> n.put("head_dim", 7)));
    }

    @Test
    void keyValueHeadsAreTheQueryHeadsWhereAbsent() {
        var config = Configs.small("llama", 1, n -> n.remove("num_key_value_heads"));
        assertEquals(4, Importer.fromConfig(config, "x").info().kvHeads());
    }

    @Test
    void numbersOutOfRange() {
        assertEquals("config.json: \"rms_norm_eps\" is -1.0E-5, expected a number from 0.0 to 0.5", error(n -> n.put("rms_norm_eps", -1e-5)));
        assertEquals("config.json: \"rope_theta\" is -10.0, expected a number from 2.0 to 1.0E12", error(n -> n.put("rope_theta", -10.0)));
        assertEquals("config.json: \"tie_word_embeddings\" is \"yes\", expected true or false", error(n -> n.put("tie_word_embeddings", "yes")));
        assertEquals("config.json: \"hidden_act\" is \"relu2\", expected one of silu, gelu, gelu_pytorch_tanh",
                error(n -> n.put("hidden_act", "relu2")));
        assertEquals("config.json: \"torch_dtype\" is \"float8_e4m3fn\", expected float32, float16, bfloat16 or float64",
                error(n -> n.put("torch_dtype", "float8_e4m3fn")));
    }

    @Test
    void layerTypes() {
        assertEquals("config.json: \"layer_types\" has 1 entries, expected num_hidden_layers, which is 2",
                error("gemma2", n -> n.putArray("layer_types").add("full_attention")));
        assertEquals("config.json: \"layer_types[1]\" is \"linear_attention\", expected full_attention or sliding_attention",
                error("qwen3", n -> n.putArray("layer_types").add("full_attention").add("linear_attention")));
        assertEquals("config.json: \"sliding_window\" is missing, expected a window for the sliding_attention of layer 0, with use_sliding_window"
                + " true", error("qwen3", n -> n.putArray("layer_types").add("sliding_attention").add("full_attention")));
    }
}
