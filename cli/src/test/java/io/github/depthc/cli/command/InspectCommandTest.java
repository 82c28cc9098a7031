// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static io.github.depthc.cli.CommandLineHarness.repository;
import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.cli.CommandLineHarness.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class InspectCommandTest {
    private static final Path STORIES = repository("samples/checkpoints/stories260k");

    @TempDir
    private Path folder;

    /** The table of the p-MoD paper for a Vicuna-7B decoder, which its two image resolutions give. */
    @ParameterizedTest
    @CsvSource({"576, 58, 8.38, 4.92", "2928, 60, 39.48, 21.94"})
    void theCostModelGivesThePublishedFigures(int vision, int text, String dense, String mod) throws IOException {
        Outcome o = run("inspect", vicuna(), "--vision-tokens", vision, "--text-tokens", text);
        assertEquals(0, o.code(), o.err());
        String line = o.out().lines().filter(l -> l.contains("linear layers and LM head")).findFirst().orElseThrow();
        assertTrue(line.matches(".* " + dense + " TFLOPs +" + mod + " TFLOPs +\\d+\\.\\d %"), line);
    }

    @Test
    void theTableFitsATerminal() throws IOException {
        Outcome o = run("inspect", vicuna(), "--vision-tokens", 2928, "--text-tokens", 60);
        assertTrue(o.out().lines().allMatch(l -> l.length() <= 100), o.out());
        assertTrue(o.out().contains("24 of 32 layers MoD"), o.out());
        assertTrue(o.out().lines().anyMatch(l -> l.startsWith("      8  MoD    0.8445  2532 ")), o.out());
    }

    @Test
    void withoutImageTokensAllButTheFirstAndTheLastAreCandidates() throws IOException {
        JsonNode o = json("inspect", STORIES, "--text-tokens", 100, "--json");
        assertEquals(100, o.at("/prompt/tokens").intValue());
        assertEquals(98, o.at("/prompt/candidates").intValue());
        assertEquals(512, json("inspect", STORIES, "--json").at("/prompt/tokens").intValue(), "the context of the model");
    }

    @Test
    void aCheckpointIsCountedByItsFiles() throws IOException {
        JsonNode o = json("inspect", STORIES, "--layers", "1,3-4", "--schedule", "constant(0.5)", "--json");
        assertEquals("checkpoint", o.get("source").textValue());
        assertEquals(260_032, o.at("/parameters/count").intValue());
        assertEquals(260_032, o.at("/parameters/by_dtype/f32").intValue());
        assertEquals(3, o.at("/totals/mod_layers").intValue());
        assertEquals("dense", o.at("/layers/0/kind").textValue());
        assertTrue(o.at("/layers/0/ratio").isNull());
        assertEquals(0.5, o.at("/layers/1/ratio").doubleValue());
        assertEquals(2 + 255, o.at("/layers/1/kept").intValue());
        assertEquals(2L * 4 * 8 * 4 * 257, o.at("/layers/1/kv_bytes").longValue());
    }

    @Test
    void noneIsDense() throws IOException {
        JsonNode o = json("inspect", STORIES, "--layers", "none", "--json");
        assertEquals(0, o.at("/totals/mod_layers").intValue());
        assertEquals(1.0, o.at("/totals/flops_ratio").doubleValue());
    }

    @Test
    void aTrainedModelKeepsItsPlan() throws IOException {
        Path pmod = repository("integration/src/test/resources/goldens-mod/pmod-cos");
        JsonNode text = json("inspect", pmod, "--text-tokens", 100, "--json");
        assertEquals(4, text.at("/totals/mod_layers").intValue());
        assertEquals(0, text.at("/prompt/candidates").intValue(), "p-MoD skips image tokens only");
        assertEquals(1.0, text.at("/totals/kv_bytes").doubleValue() / text.at("/totals/kv_bytes_dense").doubleValue());
        JsonNode image = json("inspect", pmod, "--vision-tokens", 576, "--text-tokens", 58, "--json");
        assertEquals(576, image.at("/prompt/candidates").intValue());
        assertTrue(image.at("/totals/flops_ratio").doubleValue() < 1);
        JsonNode gamma = json("inspect", repository("integration/src/test/resources/goldens-mod/gamma-arank"), "--text-tokens", 100, "--json");
        assertEquals(100, gamma.at("/prompt/candidates").intValue(), "gamma-MoD may skip every token");
        Outcome o = run("inspect", pmod, "--layers", "odd");
        assertEquals(2, o.code());
        assertTrue(o.err().contains("--layers"), o.err());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"--layers | 3,x", "--layers | 5", "--schedule | cosine", "--schedule | prd(average=2)", "--schedule | list(1,1)", "--vision-tokens | -1", "--text-tokens | 0"})
    void badOptionsAreTwo(String option, String value) {
        Outcome o = run("inspect", STORIES, option, value);
        assertEquals(2, o.code(), o.out());
        assertEquals("", o.out());
        assertTrue(o.err().startsWith("depthc: " + option), o.err());
        assertEquals(1, o.err().lines().count(), o.err());
    }

    @Test
    void aConfigurationAloneCannotBeMeasured() throws IOException {
        Outcome o = run("inspect", vicuna(), "--layers", "arank:4");
        assertEquals(2, o.code());
        assertTrue(o.err().contains("measures the weights"), o.err());
    }

    @Test
    void ranksStandBesideTheLayersTheySelected() throws IOException {
        JsonNode o = json("inspect", STORIES, "--layers", "arank:2", "--schedule", "constant(0.5)", "--json");
        assertEquals("mod", o.at("/layers/4/kind").textValue(), "the lowest rank");
        assertEquals(2, o.at("/totals/mod_layers").intValue());
        assertTrue(o.at("/layers/0/arank").doubleValue() > 0);
    }

    @Test
    void whatIsNoModelIsTwo() {
        for (Path path : new Path[] {folder, folder.resolve("absent"), folder.resolve("absent/config.json")}) {
            Outcome o = run("inspect", path);
            assertEquals(2, o.code(), o.err());
            assertEquals(1, o.err().lines().count(), o.err());
            assertTrue(o.err().contains(folder.toString()), o.err());
        }
    }

    private Path vicuna() throws IOException {
        return Files.writeString(folder.resolve("config.json"), """
                {"model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32,
                 "num_key_value_heads": 32, "vocab_size": 32000, "max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "hidden_act": "silu",
                 "tie_word_embeddings": false, "torch_dtype": "float16"}
                """);
    }

    private static JsonNode json(Object... args) throws IOException {
        Outcome o = run(args);
        assertEquals(0, o.code(), o.err());
        return new ObjectMapper().readTree(o.out());
    }
}
