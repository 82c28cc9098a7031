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
import io.github.depthc.frontend.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class EvalCommandTest {
    private static final Path CHECKPOINT = repository("samples/checkpoints/stories260k");
    private static final Path DATA = repository("samples/data/tinystories_sample.txt");
    private static final int PROMPT = 24;
    private static final int CONTINUATION = 8;
    private static final int VOCAB = 512;

    @TempDir
    private static Path folder;

    private static Path dense;
    private static Path mod;

    @BeforeAll
    static void convert() {
        dense = folder.resolve("dense");
        mod = folder.resolve("mod");
        assertEquals(0, run("convert", CHECKPOINT, "-o", dense, "--layers", "none").code());
        assertEquals(0, run("convert", CHECKPOINT, "-o", mod).code());
    }

    @Test
    void denseAgainstItsCheckpointIsExactlyNothing() throws IOException {
        JsonNode o = eval(dense, CHECKPOINT, 3);
        for (String zero : new String[] {"kl_mean", "kl_p95", "nll_added"}) {
            assertEquals(0.0, o.get(zero).get("value").doubleValue(), zero);
            assertEquals(0.0, o.get(zero).get("high").doubleValue(), zero);
        }
        assertEquals(0.0, o.get("kl_max").doubleValue());
        assertEquals(1.0, o.get("top1_agreement").get("low").doubleValue());
        assertEquals(CONTINUATION, o.get("greedy_match_tokens").get("value").doubleValue());
        assertEquals(o.get("against_flops"), o.get("flops"));
        assertEquals(o.get("against_kv_bytes"), o.get("kv_bytes"));
    }

    @Test
    void theLikelihoodIsThatOfTheLogits() throws IOException {
        Path line = Files.writeString(folder.resolve("line.txt"), Files.readString(DATA).strip().replaceAll("\\s+", " ").substring(0, 400));
        double nll = eval(dense, mod, line, 1).get("nll").get("value").doubleValue();
        long[] ids = beginning(line);
        Path logits = folder.resolve("logits.safetensors");
        String text = Arrays.stream(ids).mapToObj(Long::toString).collect(Collectors.joining(","));
        assertEquals(0, run("run", dense, "--input-ids", text, "--max-new-tokens", 1, "--save-logits", logits).code());
        byte[] bytes = Files.readAllBytes(logits);
        MemorySegment data = MemorySegment.ofArray(bytes).asSlice(bytes.length - (long) ids.length * VOCAB * Float.BYTES);
        double sum = 0;
        for (int i = PROMPT; i < ids.length; i++) {
            double total = 0;
            for (int v = 0; v < VOCAB; v++) {
                total += Math.exp(logit(data, (i - 1L) * VOCAB + v));
            }
            sum += Math.log(total) - logit(data, (i - 1L) * VOCAB + ids[i]);
        }
        assertEquals(sum / CONTINUATION, nll, 1e-5);
    }

    @Test
    void aConversionDiffersAndCostsLess() throws IOException {
        Path plot = folder.resolve("kl.svg");
        Outcome o = run("eval", mod, "--against", CHECKPOINT, "--data", DATA, "--prompt-tokens", PROMPT, "--continuation-tokens", CONTINUATION,
                "--prompts", 4, "--plot", plot);
        assertEquals(0, o.code(), o.err());
        assertTrue(o.out().contains("4 prompts of 24 tokens, each continued by 8") && o.out().contains("perplexity"), o.out());
        assertTrue(Files.readString(plot).startsWith("<svg "), plot::toString);
        JsonNode json = eval(mod, CHECKPOINT, 4);
        assertTrue(json.get("kl_mean").get("value").doubleValue() > 1e-3, json::toString);
        assertTrue(json.get("flops").doubleValue() < 0.8 * json.get("against_flops").doubleValue(), json::toString);
        assertTrue(json.get("kv_bytes").doubleValue() < 0.8 * json.get("against_kv_bytes").doubleValue(), json::toString);
        JsonNode kl = json.get("kl_mean");
        assertTrue(kl.get("low").doubleValue() < kl.get("value").doubleValue() && kl.get("value").doubleValue() < kl.get("high").doubleValue(), kl::toString);
        assertEquals(json, eval(mod, CHECKPOINT, 4), "the same command gives the same numbers");
    }

    /** All resamples of one prompt are the same: that is no interval, and none of zero width. */
    @Test
    void onePromptHasNoInterval() throws IOException {
        JsonNode json = eval(mod, CHECKPOINT, 1);
        for (String name : new String[] {"nll", "perplexity", "nll_added", "kl_mean", "kl_p95", "top1_agreement", "greedy_match_tokens"}) {
            JsonNode estimate = json.get(name);
            assertTrue(estimate.get("value").isNumber() && estimate.get("low").isNull() && estimate.get("high").isNull(), name + ": " + estimate);
        }
        Path plot = folder.resolve("one.svg");
        Outcome o = run("eval", mod, "--against", CHECKPOINT, "--data", DATA, "--prompt-tokens", PROMPT, "--continuation-tokens", CONTINUATION,
                "--prompts", 1, "--plot", plot);
        assertEquals(0, o.code(), o.err());
        assertEquals(7, o.out().lines().filter(l -> l.endsWith("none") || l.matches(".* none +[\\d.]+")).count(), o.out());
        assertTrue(o.out().endsWith("One prompt has no interval, and says nothing about others. Give more prompts (--prompts).\n"), o.out());
        assertTrue(o.out().contains("1 prompt of 24 tokens, continued by 8 of its own text"), o.out());
        assertTrue(Files.readString(plot).contains("one prompt of 24 tokens"), plot::toString);
    }

    @Test
    void aTextWithFewerPromptsIsSaidToHaveNoMore() {
        Outcome o = run("eval", dense, "--against", mod, "--data", DATA, "--prompt-tokens", 480, "--continuation-tokens", 1);
        assertEquals(0, o.code(), o.err());
        assertTrue(o.out().contains(DATA + ", which has no more (--prompts 64)\n") && o.out().contains("Give more text (--data), or shorter prompts."), o.out());
    }

    @Test
    void badInputIsTwo() {
        assertTrue(refused("eval", mod, "--against", dense, "--prompt-tokens", 500).contains("expected together at most the model's context of 512"));
        assertTrue(refused("eval", mod, "--against", dense, "--prompts", 0).contains("--prompts is 0"));
        assertTrue(refused("eval", mod, "--against", dense, "--prompts", 100_001).contains("--prompts is 100001, expected 1 to 100000"));
        assertTrue(refused("eval", mod, "--against", dense, "--prompt-tokens", -1).contains("--prompt-tokens is -1, expected 1 or more"));
        assertTrue(refused("eval", mod, "--against", dense, "--prompt-tokens", Integer.MAX_VALUE).contains("--prompt-tokens is 2147483647 and --continuation-tokens 32, expected together"));
        assertTrue(refused("eval", mod, "--against", dense, "--continuation-tokens", 0).contains("--continuation-tokens is 0, expected 1 or more"));
        assertTrue(refused("eval", mod, "--against", folder.resolve("none")).contains("none"));
        Path other = folder.resolve("other");
        assertEquals(0, run("synth", "llama", "--hidden", 32, "--heads", 4, "--layers", 2, "--intermediate", 48, "--vocab", 64, "-o", other).code());
        assertTrue(refused("eval", mod, "--against", other).contains("expected two models of one vocabulary"));
        Path plot = folder.resolve("folder.svg");
        assertTrue(plot.toFile().mkdir());
        assertTrue(refused("eval", mod, "--against", dense, "--plot", plot).contains("expected the name of a file"));
        assertTrue(refused("eval", mod, "--against", dense, "--plot", folder.resolve("kl.png")).contains("kl.png: is drawn as SVG, expected a name that ends in .svg"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "", value = {
        "empty.txt   |                | empty.txt: has no text of at least 48 tokens to measure on",
        "empty.jsonl |                | empty.jsonl: has no text of at least 48 tokens to measure on",
        "one.txt     | a              | one.txt: has no text of at least 48 tokens to measure on",
        "one.jsonl   | {\"text\": \"a\"}  | one.jsonl: has no text of at least 48 tokens to measure on",
        "bad.jsonl   | {\"text\": 5}    | bad.jsonl:1: has no string \"text\"",
        "nan.jsonl   | {\"text\": NaN}  | nan.jsonl:1: is not JSON",
    })
    void badTextIsOneLine(String name, String text, String message) throws IOException {
        Path file = Files.writeString(folder.resolve(name), text == null ? "" : text);
        assertTrue(refused("eval", mod, "--against", dense, "--data", file, "--prompt-tokens", 32, "--continuation-tokens", 16).contains(message));
    }

    @Test
    void textThatIsNotUtf8IsOneLine() throws IOException {
        Path file = Files.write(folder.resolve("latin.txt"), "Ol\u00e9 said the bull. ".repeat(100).getBytes(StandardCharsets.ISO_8859_1));
        assertTrue(refused("eval", mod, "--against", dense, "--data", file).contains("latin.txt: is not UTF-8 text"));
    }

    /** A prompt is cut from its beginning. */
    @Test
    void aLineOfAMillionTokensIsCut() throws IOException {
        Path file = Files.writeString(folder.resolve("long.jsonl"), "{\"text\": \"" + "the cat sat on a mat and ".repeat(150_000) + "\"}\n");
        assertEquals(1, eval(mod, dense, file, 9).get("prompts").intValue());
    }

    /** The model that overflows is named. */
    @Test
    void aModelThatOverflowsIsOneLine() throws IOException {
        Path broken = Files.createDirectories(folder.resolve("broken"));
        try (Stream<Path> files = Files.list(CHECKPOINT)) {
            for (Path f : files.toList()) {
                Files.copy(f, broken.resolve(f.getFileName()));
            }
        }
        try (var weights = new RandomAccessFile(broken.resolve("model.safetensors").toFile(), "rw")) {
            weights.seek(8 + Long.reverseBytes(weights.readLong()));
            for (int i = 0; i < 64 * 64; i++) {
                weights.writeInt(Integer.reverseBytes(0x7F7FFFFF));
            }
        }
        Outcome o = run("eval", mod, "--against", broken, "--data", DATA, "--prompts", 1);
        assertEquals(1, o.code(), o.err());
        assertEquals(1, o.err().lines().count(), o.err());
        assertTrue(o.err().startsWith("depthc: " + broken + ": the model's output is not finite"), o.err());
    }

    private static String refused(Object... arguments) {
        Outcome o = run(arguments);
        assertEquals(2, o.code(), o.err());
        assertEquals(1, o.err().lines().count(), o.err());
        assertFalse(o.err().contains("Exception"), o.err());
        return o.err();
    }

    private static long[] beginning(Path text) throws IOException {
        try (Tokenizer tokenizer = Tokenizer.open(CHECKPOINT, VOCAB)) {
            return Arrays.copyOf(tokenizer.encode(Files.readString(text)), PROMPT + CONTINUATION);
        }
    }

    private static float logit(MemorySegment data, long index) {
        return data.get(ValueLayout.JAVA_FLOAT_UNALIGNED, index * Float.BYTES);
    }

    private static JsonNode eval(Path bundle, Path against, int prompts) throws IOException {
        return eval(bundle, against, DATA, prompts);
    }

    private static JsonNode eval(Path bundle, Path against, Path data, int prompts) throws IOException {
        Outcome o = run("eval", bundle, "--against", against, "--data", data, "--prompt-tokens", PROMPT, "--continuation-tokens", CONTINUATION,
                "--prompts", prompts, "--json");
        assertEquals(0, o.code(), o.err());
        return new ObjectMapper().readTree(o.out());
    }
}
