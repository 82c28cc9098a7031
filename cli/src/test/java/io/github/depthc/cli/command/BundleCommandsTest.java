// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static io.github.depthc.cli.CommandLineHarness.repository;
import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.cli.CommandLineHarness.Outcome;
import io.github.depthc.frontend.safetensors.SafetensorsFile;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The commands that take a bundle, on bundles that {@code convert} made. */
final class BundleCommandsTest {
    private static final Path CHECKPOINT = repository("samples/checkpoints/stories260k");

    /** The first 200 greedy tokens from BOS: the known answer of this checkpoint. */
    private static final String STORY = """
            Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. \
            She wanted to play with it, but it was too high.
            Lily's mom said, "Lily, let's go to the park." Lily was sad and didn't know what to do. She said, "I want to play with your ball, \
            but I can't find it."
            Lily was sad and didn't know what to do. She said, "I'm sorry, Lily. I didn't know what to do."
            Lily didn't want to help her mom, so she""";

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
    void theDenseStoryIsTheKnownOneAndStandsAlone() {
        Outcome o = run("run", dense, "--input-ids", 1, "--max-new-tokens", 200);
        assertEquals(0, o.code(), o.err());
        assertEquals(STORY, o.out());
        assertTrue(o.err().contains("tokens/s") && o.err().contains("layers 0-4: 1 of 1 token"), o.err());
    }

    @Test
    void oneObjectForPrograms() throws IOException {
        JsonNode o = json("run", mod, "--prompt", "Once upon a time", "--max-new-tokens", 4, "--logprobs", 2, "--json");
        assertEquals("[1,403,407,261,378]", o.get("prompt_ids").toString());
        assertEquals(4, o.get("output_ids").size());
        assertEquals("[5,5,3,2,2]", o.get("kept_per_layer").toString());
        assertEquals("[8,8,6,5,5]", o.get("cache_lengths").toString());
        int perToken = 2 * 4 * 8 * Float.BYTES;
        assertEquals((8 + 8 + 6 + 5 + 5) * perToken, o.get("kv_bytes").intValue());
        assertEquals(5 * 8 * perToken, o.get("kv_bytes_dense").intValue());
        assertEquals("length", o.get("stop").textValue());
        assertEquals(o.at("/output_ids/0"), o.at("/logprobs/0/token"));
        assertEquals(2, o.at("/logprobs/0/top").size());
        assertTrue(o.at("/timings/prefill_s").doubleValue() > 0);
        assertEquals(run("run", mod, "--prompt", "Once upon a time", "--max-new-tokens", 4).out(), o.get("text").textValue());
    }

    @Test
    void withoutCandidatesEveryLayerIsDense() throws IOException {
        JsonNode o = json("run", mod, "--prompt", "Once upon a time", "--candidates", "none", "--max-new-tokens", 20, "--json");
        assertEquals("[5,5,5,5,5]", o.get("kept_per_layer").toString());
        assertEquals(o.get("kv_bytes_dense"), o.get("kv_bytes"));
        assertEquals(json("run", dense, "--prompt", "Once upon a time", "--max-new-tokens", 20, "--json").get("text"), o.get("text"));
    }

    @Test
    void candidatesGivenAreThoseSkipped() throws IOException {
        // two candidates: ratio 0.5 keeps one of them, 0.15 none
        JsonNode o = json("run", mod, "--prompt", "Once upon a time", "--candidates", "1:3", "--max-new-tokens", 1, "--json");
        assertEquals("[5,5,4,3,3]", o.get("kept_per_layer").toString());
    }

    @Test
    void samplingDependsOnTheSeedAlone() {
        Object[] args = {"run", dense, "--input-ids", 1, "--max-new-tokens", 40, "--temperature", 1.0, "--top-p", 0.95, "--seed", 7};
        String text = run(args).out();
        assertEquals(text, run(args).out());
        args[args.length - 1] = 8;
        assertNotEquals(text, run(args).out());
    }

    @Test
    void promptLogitsAreSaved() throws IOException {
        Path file = folder.resolve("logits.safetensors");
        JsonNode o = json("run", dense, "--prompt", "Once upon a time", "--max-new-tokens", 1, "--save-logits", file, "--json");
        try (SafetensorsFile saved = SafetensorsFile.open(file)) {
            assertEquals("f32[5, 512]", saved.tensors().get("logits").type().toString());
        }
        byte[] bytes = Files.readAllBytes(file);
        float[] last = java.lang.foreign.MemorySegment.ofArray(bytes).asSlice(bytes.length - 512L * Float.BYTES).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        int best = 0;
        for (int i = 1; i < last.length; i++) {
            best = last[i] > last[best] ? i : best;
        }
        assertEquals(o.at("/output_ids/0").intValue(), best);
    }

    @Test
    void aFileThatIsNotOfLogitsIsNotReplaced() throws IOException {
        Path file = Files.writeString(folder.resolve("thesis.txt"), "years of work");
        Outcome o = run("run", dense, "--input-ids", "1", "--max-new-tokens", 1, "--save-logits", file);
        assertEquals(new Outcome(2, "", "depthc: --save-logits " + file + ": exists already and is no file of logits, so it is not replaced; remove it or give "
                + "another name\n"), o);
        assertEquals("years of work", Files.readString(file));
        Path weights = Files.copy(CHECKPOINT.resolve("model.safetensors"), folder.resolve("weights.safetensors"));
        assertEquals(2, run("run", dense, "--input-ids", "1", "--max-new-tokens", 1, "--save-logits", weights).code());
        Path logits = Files.createFile(folder.resolve("again.safetensors"));
        for (int i = 0; i < 2; i++) {
            assertEquals(0, run("run", dense, "--input-ids", "1", "--max-new-tokens", 1, "--save-logits", logits).code());
        }
    }

    @Test
    void aBundleIsInspectedByItsDescriptionToo() {
        assertEquals(run("inspect", mod), run("inspect", mod.resolve("bundle.json")));
    }

    @Test
    void aBundleThatWasNotCopiedWholeIsNoConfiguration() throws IOException {
        Path half = folder.resolve("half");
        assertEquals(0, run("convert", CHECKPOINT, "-o", half).code());
        Files.delete(half.resolve("bundle.json"));
        for (Outcome o : List.of(run("inspect", half), run("run", half, "--input-ids", "1"))) {
            assertEquals(new Outcome(2, "", "depthc: " + half + " has no bundle.json, but model.onnx: a bundle that was not copied whole; copy it again or "
                    + "convert the model again\n"), o);
        }
    }

    @Test
    void onlyABundleIsVerified() {
        for (Path path : List.of(CHECKPOINT, CHECKPOINT.resolve("config.json"))) {
            assertEquals(new Outcome(2, "", "depthc: " + path + ": is no bundle, and --verify checks the files of a bundle; remove it\n"),
                    run("inspect", path, "--verify"));
        }
    }

    @Test
    void benchQuestionsAnotherModel() {
        for (int vocab : new int[] {512, 64}) {
            Path checkpoint = folder.resolve("other-" + vocab);
            Path other = folder.resolve("other-bundle-" + vocab);
            assertEquals(0, run("synth", "llama", "--hidden", 32, "--layers", 2, "--heads", 4, "--intermediate", 48, "--vocab", vocab, "--context", 64, "-o",
                    checkpoint).code());
            assertEquals(0, run("convert", checkpoint, "-o", other, "--layers", "none").code());
            Outcome o = run("bench", mod, "--against", other, "--prompt-tokens", 8, "--new-tokens", 1, "--rounds", 1);
            if (vocab == 512) {
                assertEquals(0, o.code(), o.err());
                assertTrue(o.err().contains(other + " is of another model (llama, 2 layers, hidden 32, "), o.err());
            } else {
                assertEquals(2, o.code());
                assertTrue(o.err().contains("has a vocabulary of 64, expected 512 as in " + mod), o.err());
            }
        }
        assertEquals("", run("bench", mod, "--against", dense, "--prompt-tokens", 8, "--new-tokens", 1, "--rounds", 1).err());
    }

    @Test
    void generationEndsWhereTheContextDoes() throws IOException {
        JsonNode o = json("run", dense, "--input-ids", 1, "--max-new-tokens", 600, "--json");
        assertEquals("context", o.get("stop").textValue());
        assertEquals(512, o.get("output_ids").size());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--candidates | 2:90 | do not lie in the prompt of 3 tokens",
        "--candidates | 2:2 | do not lie in the prompt of 3 tokens",
        "--input-ids | 1,512 | token id 512 is not in the vocabulary",
        "--input-ids | 1,,2 | \"\" is not a token id",
        "--save-logits | absent/x.safetensors | there is no folder",
        "--logprobs | 513 | at most 512, the size of the vocabulary",
    })
    void badPromptsAreTwo(String option, String value, String expected) {
        Outcome o = option.equals("--input-ids") ? run("run", mod, option, value) : run("run", mod, "--input-ids", "1,2,3", option, value);
        assertEquals(2, o.code(), o.err());
        assertEquals("", o.out());
        assertTrue(o.err().contains(expected), o.err());
        assertEquals(1, o.err().lines().count(), o.err());
    }

    @Test
    void aPromptLongerThanTheContextIsTwo() {
        Outcome o = run("run", mod, "--input-ids", "1" + ",2".repeat(512));
        assertEquals(2, o.code());
        assertEquals("depthc: the prompt has 513 tokens, but the model's context is 512; give a shorter one\n", o.err());
    }

    @Test
    void withoutATokenizerIdsComeOut() {
        Path checkpoint = folder.resolve("synthetic");
        Path bundle = folder.resolve("synthetic-bundle");
        assertEquals(0, run("synth", "llama", "--hidden", 32, "--layers", 2, "--heads", 4, "--intermediate", 48, "--vocab", 64, "--context", 64, "-o",
                checkpoint).code());
        Outcome converted = run("convert", checkpoint, "-o", bundle);
        assertEquals(0, converted.code(), converted.err());
        assertTrue(converted.out().endsWith("  depthc run " + bundle + " --input-ids 1\n"), converted.out());
        for (Outcome ranked : List.of(run("analyze", checkpoint), run("convert", checkpoint, "-o", folder.resolve("x"), "--layers", "arank:1"))) {
            assertEquals(2, ranked.code());
            assertTrue(ranked.err().contains("has no tokenizer.json, which is needed") && !ranked.err().contains("--input-ids"), ranked.err());
        }
        Outcome o = run("run", bundle, "--input-ids", "1,2,3", "--max-new-tokens", 3);
        assertEquals(0, o.code(), o.err());
        assertTrue(o.out().matches("\\d+(,\\d+){0,2}"), o.out());
        assertTrue(o.err().contains("no tokenizer"), o.err());
        assertEquals(2, run("run", bundle, "--prompt", "Once").code());
    }

    @Test
    void aBundleShowsItsOwnPlan() throws IOException {
        JsonNode o = json("inspect", mod, "--json");
        assertEquals("bundle", o.get("source").textValue());
        assertEquals(json("inspect", CHECKPOINT, "--json").get("layers"), o.get("layers"));
        assertTrue(run("inspect", mod).out().contains("3 of 5 layers MoD, as converted"));
        assertEquals(2, run("inspect", mod, "--layers", "odd").code());
        assertEquals(2, run("analyze", mod).code());
    }

    @Test
    void benchComparesInTurns() throws IOException {
        JsonNode o = json("bench", mod, "--prompt-tokens", "32,64", "--new-tokens", 2, "--rounds", 2, "--json");
        assertEquals("dense", o.get("against").textValue());
        assertEquals(2, o.get("points").size());
        JsonNode point = o.at("/points/1");
        assertEquals(64, point.get("prompt_tokens").intValue());
        assertEquals("[64,64,33,11,11]", point.at("/subject/kept_per_layer").toString());
        assertEquals("[64,64,64,64,64]", point.at("/against/kept_per_layer").toString());
        // equal layers, of the last one all but keys and values for the last token alone, and a head for that
        double kv = 2.0 * 2 * 64 * 32;
        double rest = 2.0 * (2 * 64 * 64 + 3 * 64 * 172);
        double head = 2.0 * 64 * 512;
        assertEquals((kv * (64 + 64 + 33 + 11 + 11) + rest * (64 + 64 + 33 + 11 + 1) + head) / (kv * 5 * 64 + rest * (4 * 64 + 1) + head),
                point.get("flops_ratio").doubleValue(), 1e-12);
        assertEquals(183.0 / 320, point.get("kv_bytes_ratio").doubleValue(), 1e-12);
        assertTrue(point.at("/subject/prefill_s").doubleValue() > 0 && point.at("/against/decode_tokens_per_s").doubleValue() > 0);
        Outcome against = run("bench", mod, "--prompt-tokens", 32, "--new-tokens", 2, "--rounds", 1, "--against", dense);
        assertEquals(0, against.code(), against.err());
        assertTrue(against.out().lines().allMatch(l -> l.length() <= 100 || l.contains(dense.toString())), against.out());
    }

    @Test
    void keptKvIsNoKeptToken() throws IOException {
        Path keep = folder.resolve("keep");
        assertEquals(0, run("convert", CHECKPOINT, "-o", keep, "--pipeline", "select-layers{layers=[2]},schedule{kind=constant, ratio=0.5},convert-to-mod{kv=keep}").code());
        JsonNode run = json("run", keep, "--prompt", "Once upon a time", "--max-new-tokens", 4, "--json");
        assertEquals("[5,5,3,5,5]", run.get("kept_per_layer").toString());
        assertEquals("[8,8,8,8,8]", run.get("cache_lengths").toString());
        JsonNode point = json("bench", keep, "--prompt-tokens", 64, "--new-tokens", 1, "--rounds", 1, "--json").at("/points/0");
        assertEquals("[64,64,33,64,64]", point.at("/subject/kept_per_layer").toString());
        // keys and values are computed of all tokens, and every kept query sees those of skipped ones before it; of the last layer all else
        // is computed for the last token alone
        double kv = 2.0 * 2 * 64 * 32;
        double rest = 2.0 * (2 * 64 * 64 + 3 * 64 * 172);
        double head = 2.0 * 64 * 512;
        assertEquals((kv * 5 * 64 + rest * (3 * 64 + 33 + 1) + head) / (kv * 5 * 64 + rest * (4 * 64 + 1) + head), point.get("flops_ratio").doubleValue(), 1e-12);
        assertEquals((3 * 64 + 33 + 1) / (4 * 64 + 1.0), point.at("/subject/attention_flops").doubleValue() / point.at("/against/attention_flops").doubleValue(), 1e-12);
        assertEquals(1, point.get("kv_bytes_ratio").doubleValue());
    }

    @Test
    void benchRefusesPromptsThatDoNotFit() {
        assertEquals(2, run("bench", mod, "--prompt-tokens", "500").code());
        assertEquals(2, run("bench", mod, "--prompt-tokens", "0").code());
        assertEquals(2, run("bench", mod, "--rounds", "0").code());
        assertEquals(2, run("bench", CHECKPOINT).code());
    }

    /** The values that the reference's method gives for this checkpoint on its own story, in F32. */
    @Test
    void ranksOfTheKnownStory() throws IOException {
        JsonNode o = json("analyze", CHECKPOINT, "--calibration", Files.writeString(folder.resolve("story.txt"), STORY), "--json");
        assertEquals("[201]", o.get("sample_tokens").toString());
        double[] expected = {196.75, 195.875, 194.125, 197.25, 192.0};
        for (int l = 0; l < expected.length; l++) {
            assertEquals(expected[l], o.at("/layers/" + l + "/arank").doubleValue(), 0.3, "layer " + l);
        }
        assertEquals("[4,2,1,0,3]", o.get("lowest_first").toString());
    }

    @Test
    void ranksForPeople() {
        Outcome o = run("analyze", CHECKPOINT, "--samples", 1, "--tokens-per-sample", 32);
        assertEquals(0, o.code(), o.err());
        assertTrue(o.out().contains("1 sample of 32 tokens"), o.out());
        assertEquals(5, o.out().lines().filter(l -> l.matches(" +\\d +\\d+\\.\\d\\d .*█.*")).count(), o.out());
    }

    private static JsonNode json(Object... args) throws IOException {
        Outcome o = run(args);
        assertEquals(0, o.code(), o.err());
        return new ObjectMapper().readTree(o.out());
    }
}
