// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static io.github.depthc.cli.CommandLineHarness.repository;
import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.cli.CommandLineHarness.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Conversions whose skipped tokens get something in the place of what the layer would have added. */
final class ConvertSkipPathTest {
    private static final Path CHECKPOINT = repository("samples/checkpoints/stories260k");
    private static final Path TEXT = repository("samples/data/tinystories_sample.txt");
    private static final String ROUTED = "select-layers{layers=[1,2,3]},schedule{kind=constant, ratio=0.3},convert-to-mod,route-by-recency";
    private static final int RANK = 8;
    private static final int HIDDEN = 64;
    private static final int ALIGNED = 64;

    @TempDir
    private Path folder;

    @Test
    void thePathsThatBringTheAnswersNearerAreInTheBundle() throws IOException {
        Path plain = folder.resolve("plain");
        Path fitted = folder.resolve("fitted");
        JsonNode without = json(convert(plain, ROUTED));
        JsonNode with = json(convert(fitted, ROUTED + ",fit-skip-path{rank=8}"));
        JsonNode paths = with.get("skip_paths");
        assertEquals(3, paths.get("layers").size());
        int accepted = 0;
        for (JsonNode layer : paths.get("layers")) {
            boolean has = layer.get("accepted").booleanValue();
            assertEquals(layer.get("kl_after").doubleValue() < layer.get("kl_before").doubleValue(), has, layer.toString());
            JsonNode skip = new ObjectMapper().readTree(fitted.resolve("bundle.json").toFile()).at("/routing/layers/" + layer.get("layer").intValue() + "/skip_path");
            assertEquals(has ? "linear" : "identity", skip.get("kind").textValue());
            assertTrue(remarks(with).contains(String.format(Locale.ROOT, "KL on 1 held-out prompt %.6f -> %.6f: %s", layer.get("kl_before").doubleValue(),
                    layer.get("kl_after").doubleValue(), has ? "accepted" : "not accepted, skipped tokens stay as they are")), remarks(with));
            accepted += has ? 1 : 0;
        }
        assertTrue(accepted > 0, "nothing to see: " + paths);
        // two matrices over all tokens of the prompt, which are counted; and their bytes, beside the checkpoint's own and not in the graph
        assertEquals(accepted * 2 * 2.0 * RANK * HIDDEN * with.at("/prompt/tokens").doubleValue(), with.at("/totals/flops").doubleValue() - without.at("/totals/flops").doubleValue());
        assertEquals((long) accepted * (2 * RANK * HIDDEN + HIDDEN) * Float.BYTES, Files.size(fitted.resolve("weights/derived-00001.bin")));
        assertEquals(0, HIDDEN * Float.BYTES % ALIGNED);
        assertFalse(Files.exists(plain.resolve("weights/derived-00001.bin")));
        assertTrue(Files.size(fitted.resolve("model.onnx")) < Files.size(plain.resolve("model.onnx")) + 4096);
        assertFalse(remarks(with).contains("Quality is not measured yet"), remarks(with));
        assertEquals(0, run("run", fitted, "--prompt", "Once upon a time there was a dog", "--max-new-tokens", 4).code());
    }

    @Test
    void theTextHasNamesAndNoNumbers() {
        Outcome o = run("opt", CHECKPOINT, "--calibration", TEXT, "--pipeline", ROUTED + ",fit-skip-path{rank=8}");
        assertEquals(0, o.code(), o.err());
        assertTrue(o.out().contains("weight @computed:\"layers.1.skip.down\" : f32[8, 64]"), o.out());
    }

    @Test
    void whatDoesNotFitIsOneLine() {
        for (String[] c : new String[][] {
            {"{rank=-1}", "rank is -1, expected 0 or more"},
            {"{ridge=-0.5}", "ridge is -0.5, expected 0 or more"},
            {"{continuation=100000}", "tokens at most, of which the last 100000 are to be the continuation"},
        }) {
            Outcome o = convert(folder.resolve("b"), ROUTED + ",fit-skip-path" + c[0]);
            assertEquals(2, o.code(), o.err());
            assertTrue(o.err().contains(c[1]), o.err());
            assertFalse(Files.exists(folder.resolve("b")));
        }
    }

    private static Outcome convert(Path bundle, String pipeline, Object... more) {
        return run(Stream.concat(Stream.of("convert", CHECKPOINT, "-o", bundle, "--calibration", TEXT, "--json", "--pipeline", pipeline), Stream.of(more)).toArray());
    }

    private static String remarks(JsonNode json) {
        return json.get("remarks").toString();
    }

    private static JsonNode json(Outcome o) throws IOException {
        assertEquals(0, o.code(), o.err());
        return new ObjectMapper().readTree(o.out());
    }
}
