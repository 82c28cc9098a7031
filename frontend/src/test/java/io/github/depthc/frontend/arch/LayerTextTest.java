// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.frontend.Goldens;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.text.Printer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * One layer's region of each architecture against the text in {@code arch/}. After a change that is meant, run with
 * {@code -Dtest.jvm.extra=-Ddepthc.bless=true}, which writes the files anew, and read the difference.
 */
class LayerTextTest {
    @ParameterizedTest
    @CsvSource({"llama, 0", "llama_bias, 0", "llama3, 2", "llama_yarn, 1", "mistral, 1", "qwen2_sliding, 1", "qwen3, 0", "phi3_partial, 0",
            "phi3_longrope, 0", "gemma2, 0", "gemma3_linear, 0", "gemma3_linear, 1"})
    void layer(String golden, int index) throws IOException {
        Model model = Goldens.model(golden);
        Node node = model.nodes(Layer.class).get(index);
        String actual = Printer.print(node.region());
        String name = golden + "." + index + ".mir";
        if (Boolean.getBoolean("depthc.bless")) {
            Path file = Path.of(System.getProperty("depthc.root"), "frontend/src/test/resources/arch", name);
            Files.writeString(file, actual);
        } else {
            assertEquals(resource(name), actual);
        }
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = LayerTextTest.class.getResourceAsStream("/arch/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
