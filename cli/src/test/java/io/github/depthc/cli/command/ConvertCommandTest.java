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
import io.github.depthc.frontend.safetensors.SafetensorsWriter;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ConvertCommandTest {
    private static final Path CHECKPOINT = repository("samples/checkpoints/stories260k");

    @TempDir
    private Path folder;

    @Test
    void saysWhatItDidAndWhatToRunNext() {
        Path bundle = folder.resolve("bundle");
        Outcome o = run("convert", CHECKPOINT, "-o", bundle);
        assertEquals(0, o.code(), o.err());
        assertTrue(o.out().contains("3  MoD    0.1500"), o.out());
        assertTrue(o.out().stripTrailing().endsWith("./depthc run " + bundle + " --prompt \"Once upon a time\""), o.out());
        assertTrue(o.err().contains("Quality is not measured yet"), o.err());
    }

    @Test
    void aPipelineSaysEverything() throws IOException {
        Outcome o = run("convert", CHECKPOINT, "-o", folder.resolve("b"), "--json", "--pipeline",
                "select-layers{layers=[1, 3]},schedule{kind=constant, ratio=0.5},convert-to-mod{kv=keep}");
        assertEquals(0, o.code(), o.err());
        JsonNode json = new ObjectMapper().readTree(o.out());
        assertEquals("dense", json.at("/layers/0/kind").asText());
        assertEquals(0.5, json.at("/layers/1/ratio").asDouble());
        assertTrue(json.at("/layers/1/routing").asText().contains("KV kept"), o.out());
    }

    @Test
    void aPipelineAndOtherOptionsContradictEachOther() {
        Outcome o = run("convert", CHECKPOINT, "-o", folder.resolve("b"), "--pipeline", "schedule", "--layers", "all", "--budget", "0.6");
        assertEquals(2, o.code());
        assertTrue(o.err().contains("remove --layers, --budget"), o.err());
    }

    @Test
    void aBudgetIsMet() throws IOException {
        for (double budget : new double[] {0.5, 0.7, 0.9}) {
            Outcome o = run("convert", CHECKPOINT, "-o", folder.resolve("b"), "--dry-run", "--json", "--budget", budget);
            assertEquals(0, o.code(), o.err());
            JsonNode json = new ObjectMapper().readTree(o.out());
            double flops = json.at("/totals/flops").asDouble();
            double dense = json.at("/totals/flops_dense").asDouble();
            assertTrue(flops / dense <= budget && flops / dense > budget - 0.02, budget + ": " + flops / dense);
        }
    }

    @Test
    void aDryRunWritesNothing() throws IOException {
        Outcome o = run("convert", CHECKPOINT, "-o", folder.resolve("b"), "--dry-run");
        assertEquals(0, o.code(), o.err());
        assertTrue(o.out().contains("Disk") && o.out().contains("Memory") && o.out().contains("Time"), o.out());
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(0, files.count());
        }
    }

    @Test
    void routersGivenChooseTheirStyleAndAreUsed() throws IOException {
        Path routers = folder.resolve("routers.safetensors");
        var tensors = new LinkedHashMap<String, TensorType>();
        for (int l = 2; l < 5; l++) {
            tensors.put("model.layers." + l + ".router.router.weight", TensorType.fixed(DType.F32, 1, 64));
        }
        try (SafetensorsWriter out = SafetensorsWriter.create(routers, tensors, Map.of())) {
            out.write(ByteBuffer.allocate((int) out.dataBytes()));
        }
        Outcome o = run("convert", CHECKPOINT, "-o", folder.resolve("b"), "--routers", routers);
        assertEquals(0, o.code(), o.err());
        assertTrue(o.out().contains("top-k") && o.out().contains("tanh"), o.out());
        assertFalse(o.err().contains("Quality is not measured yet"), o.err());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--style pmod                | needs trained routers",
        "--layers 9                  | a layer of the model, 0 to 4",
        "--schedule cosine           | is no schedule",
        "--budget 0.01               | cannot be reached",
        "--pipeline dcee             | did you mean 'dce'",
        "--weights int4              | int4",
    })
    void badOptionsAreOneLine(String options, String message) {
        Object[] args = Stream.concat(Stream.of("convert", CHECKPOINT, "-o", folder.resolve("b")), Stream.of(options.split(" "))).toArray();
        Outcome o = run(args);
        assertEquals(2, o.code(), o.err());
        assertTrue(o.err().contains(message), o.err());
        assertFalse(o.err().contains("internal error"), o.err());
        assertFalse(Files.exists(folder.resolve("b")));
    }

    @Test
    void aTrainedCheckpointKeepsItsRouting() {
        Path trained = repository("integration/src/test/resources/goldens-mod/pmod-cos");
        Outcome refused = run("convert", trained, "-o", folder.resolve("b"), "--layers", "all");
        assertEquals(2, refused.code());
        assertTrue(refused.err().contains("remove --layers"), refused.err());
        Outcome o = run("convert", trained, "-o", folder.resolve("b"));
        assertEquals(0, o.code(), o.err());
        assertTrue(o.out().contains("top-k") && o.out().contains("tanh"), o.out());
    }
}
