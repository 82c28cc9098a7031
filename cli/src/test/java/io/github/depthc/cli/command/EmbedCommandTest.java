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
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EmbedCommandTest {
    private static final String LONG = IntStream.range(0, 18).mapToObj(i -> "w" + i).collect(Collectors.joining(" "));

    @TempDir
    private static Path folder;

    private static Path checkpoint;
    private static Path dense;
    private static Path mod;

    /** The golden encoder with a tokenizer of whole words, which puts a token before and one behind a text. */
    @BeforeAll
    static void convert() throws IOException {
        Path golden = repository("frontend/src/test/resources/goldens-encoders/bert");
        checkpoint = Files.createDirectories(folder.resolve("checkpoint"));
        for (String name : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(golden.resolve(name), checkpoint.resolve(name));
        }
        String words = IntStream.range(0, 61).mapToObj(i -> "\"w" + i + "\": " + (i + 3)).collect(Collectors.joining(", "));
        Files.writeString(checkpoint.resolve("tokenizer.json"), """
                {"version": "1.0", "truncation": {"max_length": 4, "strategy": "LongestFirst", "stride": 0, "direction": "Right"},
                 "padding": {"strategy": {"Fixed": 16}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "[UNK]"},
                 "added_tokens": [], "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "decoder": null,
                 "post_processor": {"type": "TemplateProcessing",
                   "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
                   "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                   "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]}, "[SEP]": {"id": "[SEP]", "ids": [2], "tokens": ["[SEP]"]}}},
                 "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, WORDS}}}
                """.replace("WORDS", words));
        dense = folder.resolve("dense");
        mod = folder.resolve("mod");
        Outcome made = run("convert", checkpoint, "-o", dense, "--layers", "none");
        assertEquals(0, made.code(), made.err());
        assertTrue(made.out().contains("depthc embed " + dense + " --text"), made.out());
        assertFalse(made.out().contains("KV cache"), made.out());
        assertEquals(0, run("convert", checkpoint, "-o", mod, "--layers", "all", "--schedule", "constant(0.5)").code());
    }

    private static JsonNode embed(Object... arguments) throws IOException {
        Outcome o = run(Stream.concat(Stream.of("embed"), Stream.concat(Stream.of(arguments), Stream.of("--json"))).toArray());
        assertEquals(0, o.code(), o.err());
        return new ObjectMapper().readTree(o.out());
    }

    @Test
    void vectorsAreTheNormalisedMeanAndALineEach() {
        Outcome o = run("embed", dense, "--text", "w1 w2 w3", "--text", LONG);
        assertEquals(0, o.code(), o.err());
        assertEquals(2, o.out().lines().count());
        o.out().lines().forEach(line -> {
            double[] v = Stream.of(line.split(" ")).mapToDouble(Double::parseDouble).toArray();
            assertEquals(32, v.length);
            assertEquals(1, Arrays.stream(v).map(x -> x * x).sum(), 1e-5);
        });
        assertTrue(o.err().contains("5 tokens, kept per layer: 5 5 5\n"), o.err());
        assertTrue(o.err().contains("mean of all tokens, normalised (the bundle has no modules.json"), o.err());
    }

    @Test
    void aTextIsTheSameAloneAndAmongOthers() throws IOException {
        for (Path bundle : new Path[] {dense, mod}) {
            JsonNode alone = embed(bundle, "--text", "w1 w2 w3 w4").get("texts").get(0);
            assertEquals(alone, embed(bundle, "--text", LONG, "--text", "w1 w2 w3 w4").get("texts").get(1));
        }
    }

    @Test
    void tokensAreSkippedButTheSpecialOnes() throws IOException {
        JsonNode o = embed(mod, "--text", LONG);
        JsonNode text = o.get("texts").get(0);
        assertEquals(20, text.get("tokens").intValue());
        assertEquals("[11,11,11]", text.get("kept_per_layer").toString());
        assertTrue(o.get("flops").doubleValue() < 0.56 * o.get("flops_dense").doubleValue(), o.toString());
        JsonNode other = embed(dense, "--text", LONG);
        assertEquals(other.get("flops_dense"), other.get("flops"));
        assertEquals(o.get("flops_dense"), other.get("flops"));
        assertFalse(text.get("vector").equals(other.get("texts").get(0).get("vector")));
    }

    @Test
    void textsComeFromAFile() throws IOException {
        Path file = Files.writeString(folder.resolve("texts.jsonl"), "{\"text\": \"w1 w2\"}\n\n{\"text\": \"w3\"}\n");
        JsonNode texts = embed(dense, "--data", file).get("texts");
        assertEquals(2, texts.size());
        assertEquals(embed(dense, "--text", "w3").get("texts").get(0), texts.get(1));
    }

    @Test
    void whatDoesNotFitIsSaid() throws IOException {
        Path empty = Files.writeString(folder.resolve("empty.txt"), "\n\n");
        error("empty.txt: has no text", "embed", dense, "--data", empty);
        error("has 44 tokens, expected 1 to 40, the model's context; nothing is cut off", "embed", dense, "--text", LONG + " " + LONG + " w1 w2 w3 w4 w5 w6");
        Path decoder = folder.resolve("decoder");
        assertEquals(0, run("convert", repository("samples/checkpoints/stories260k"), "-o", decoder, "--layers", "none").code());
        error("is a decoder (llama), expected an encoder such as bert", "embed", decoder, "--text", "a");
    }

    /** What convert measures is how far the vectors are from the dense ones that embed gives. */
    @Test
    void ratiosAreChosenByTheVectors() throws IOException {
        var random = new Random(1);
        String texts = IntStream.range(0, 6).mapToObj(i -> IntStream.range(0, 12 + 3 * i).mapToObj(w -> "w" + random.nextInt(61)).collect(Collectors.joining(" ")))
                .map(t -> "{\"text\": \"" + t + "\"}\n").collect(Collectors.joining());
        Path data = Files.writeString(folder.resolve("calibration.jsonl"), texts);
        Path bundle = folder.resolve("allocated");
        Outcome o = run("convert", checkpoint, "-o", bundle, "--budget", 0.7, "--calibration", data, "--json");
        assertEquals(0, o.code(), o.err());
        JsonNode allocation = new ObjectMapper().readTree(o.out()).get("allocation");
        assertTrue(allocation.get("share").doubleValue() <= 0.7, allocation.toString());
        assertEquals(6, allocation.get("samples").intValue());
        JsonNode converted = embed(bundle, "--data", data);
        JsonNode texted = embed(dense, "--data", data);
        double apart = 0;
        for (int t = 0; t < 6; t++) {
            double cosine = 0;
            for (int i = 0; i < 32; i++) {
                cosine += converted.at("/texts/" + t + "/vector/" + i).doubleValue() * texted.at("/texts/" + t + "/vector/" + i).doubleValue();
            }
            apart += (1 - cosine) / 6;
        }
        assertTrue(apart > 1e-4, "apart: " + apart);
        assertEquals(apart, allocation.get("cosine_distance").doubleValue(), 1e-5);
        String report = Files.readString(bundle.resolve("report.html"));
        assertTrue(report.contains("mean of 1 − cosine(dense, converted) of the texts") && report.contains("What was tried: 1 − cosine against FLOPs"));
        assertFalse(report.contains("KL"), report);
        assertTrue(report.contains("id=\"chart-kept\"") && report.contains("id=\"chart-time\"") && !report.contains("id=\"chart-kv\""), "kept tokens and times");
    }

    @Test
    void theChoiceOfTokensGoesByTheBudget() throws IOException {
        Path data = Files.writeString(folder.resolve("few.jsonl"), "{\"text\": \"w1 w2 w3 w4\"}\n");
        for (var expected : Map.of("0.75", "route-by-attention{observers=512, recent=0},", "0.7", "route-randomly{seed=1},").entrySet()) {
            Outcome o = run("convert", checkpoint, "--budget", expected.getKey(), "--calibration", data, "--print-pipeline");
            assertTrue(o.out().contains("," + expected.getValue() + "allocate{budget=" + expected.getKey()), o.out() + o.err());
        }
    }

    @Test
    void aFirstTokensVectorIsNotMeasured() throws IOException {
        Path first = Files.createDirectories(folder.resolve("first"));
        for (String name : new String[] {"config.json", "model.safetensors", "tokenizer.json"}) {
            Files.copy(checkpoint.resolve(name), first.resolve(name));
        }
        Files.writeString(first.resolve("modules.json"), """
                [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
                 {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]
                """);
        Files.createDirectories(first.resolve("1_Pooling"));
        Files.writeString(first.resolve("1_Pooling/config.json"), "{\"word_embedding_dimension\": 32, \"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": false}");
        Path data = Files.writeString(folder.resolve("some.jsonl"), "{\"text\": \"w1 w2 w3 w4\"}\n");
        error("its vector of a text is the first token's hidden state", "convert", first, "-o", folder.resolve("a"), "--budget", "0.7", "--calibration", data);
    }

    @Test
    void whatNeedsANextTokenRefusesAnEncoder() {
        error("dense: is an encoder, which has no next token", "run", dense, "--prompt", "w1");
        error("dense: is an encoder, which has no next token", "bench", dense);
        error("dense: is an encoder, which has no next token", "eval", dense, "--against", checkpoint);
        error("ARank is the rank of causal attention", "convert", checkpoint, "-o", folder.resolve("a"), "--layers", "arank:1");
        error("is an encoder, which has no KV cache", "convert", checkpoint, "-o", folder.resolve("a"), "--budget", "0.7", "--budget-of", "kv");
        assertFalse(Files.exists(folder.resolve("a")));
    }

    private static void error(String message, Object... arguments) {
        Outcome o = run(arguments);
        assertEquals(2, o.code(), o.err());
        assertEquals("", o.out());
        assertTrue(o.err().contains(message), o.err());
        assertTrue(o.err().startsWith("depthc: ") && !o.err().contains("\tat "), o.err());
    }
}
