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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Conversions whose ratios are chosen by what the model answers. */
final class ConvertAllocateTest {
    private static final Path CHECKPOINT = repository("samples/checkpoints/stories260k");
    private static final Path TEXT = repository("samples/data/tinystories_sample.txt");
    private static final String ROUTED = "select-layers{rule=all},schedule{kind=constant, ratio=0.5},convert-to-mod{kv=keep},route-by-recency";
    private static final String ALLOCATE = "allocate{budget=0.6, ratios=[0.3]}";

    @TempDir
    private Path folder;
    private Path bundle;
    private Path journal;

    @BeforeEach
    void place() {
        bundle = folder.resolve("b");
        journal = folder.resolve(".b.allocate.jsonl");
    }

    @Test
    void jsonSaysWhatWasTriedAndTheReportShowsIt() throws IOException {
        JsonNode json = json(run("convert", CHECKPOINT, "-o", bundle, "--budget", 0.6, "--calibration", TEXT, "--samples", 2, "--json"));
        JsonNode allocation = json.get("allocation");
        assertEquals(0.6, allocation.get("budget").doubleValue());
        assertTrue(allocation.get("share").doubleValue() <= 0.6, allocation.toString());
        assertTrue(allocation.get("kl").doubleValue() > 0 && allocation.get("kl").doubleValue() < 1, allocation.toString());
        assertEquals(2, allocation.get("samples").intValue());
        JsonNode tried = allocation.get("tried");
        assertEquals(allocation.get("measurements").intValue(), tried.size());
        assertEquals(allocation.get("kl"), tried.get(tried.size() - 1).get("kl"));
        JsonNode routing = new ObjectMapper().readTree(Files.readString(bundle.resolve("bundle.json"))).at("/routing/layers");
        for (JsonNode layer : allocation.get("layers")) {
            assertEquals(layer.get("ratio"), json.at("/layers/" + layer.get("layer").intValue() + "/ratio"));
            JsonNode written = routing.get(layer.get("layer").intValue());
            assertEquals(written.get("skipped_kv"), layer.get("kv"));
            assertEquals(written.get("part"), layer.get("part"));
        }
        assertFalse(Files.exists(journal));
        String report = Files.readString(bundle.resolve("report.html"));
        assertTrue(report.contains("How the ratios were chosen") && report.contains("measured on 2 calibration prompts"));
        assertTrue(report.contains("id=\"chart-arank\"") && json.at("/layers/0/arank").isNumber());
        assertTrue(report.contains("id=\"chart-kept\"") && report.contains("id=\"chart-time\"") && !report.contains("Not shown"));
        assertFalse(report.contains("not calibrated"));
    }

    /** Ranks are of whole texts: they may be too short for what would be looked at besides, and the conversion is done all the same. */
    @Test
    void layersThatCannotBeLookedAtStopNothing() throws IOException {
        Path few = Files.writeString(folder.resolve("few.jsonl"), "{\"text\": \"a\"}\n");
        Outcome o = run("convert", CHECKPOINT, "-o", bundle, "--layers", "arank:50%", "--calibration", few);
        assertEquals(0, o.code(), o.err());
        String report = Files.readString(bundle.resolve("report.html"));
        assertTrue(report.contains("Not shown: the converted layers could not be run on the calibration text: no calibration sample has a prompt of at least 3 tokens"), o.out());
        assertFalse(report.contains("chart-kept\""));
        assertEquals(0, run("convert", CHECKPOINT, "-o", folder.resolve("plain")).code());
        assertTrue(Files.readString(folder.resolve("plain/report.html")).contains("Not shown: the conversion read no calibration text"));
    }

    @Test
    void aBudgetMayCountTheCache() throws IOException {
        Outcome o = run("convert", CHECKPOINT, "-o", bundle, "--budget", 0.6, "--budget-of", "kv", "--calibration", TEXT, "--samples", 2, "--text-tokens", 192, "--json");
        JsonNode json = json(o);
        assertEquals("kv", json.at("/allocation/budget_of").textValue());
        assertTrue(json.at("/allocation/share").doubleValue() <= 0.6);
        assertEquals(json.at("/totals/kv_bytes").doubleValue() / json.at("/totals/kv_bytes_dense").doubleValue(), json.at("/allocation/share").doubleValue(), 1e-9);
        assertTrue(json.get("remarks").toString().contains(" of the dense model's KV cache behind the prompt."), json.get("remarks").toString());
        String report = Files.readString(bundle.resolve("report.html"));
        assertTrue(report.contains("60.0% of the dense KV cache was left") && report.contains("What was tried: KL against KV cache"));
    }

    /** How fast layers of this size are is up to the machine and what else it does: whatever it is, the budget is kept or refused. */
    @Test
    void aBudgetMayCountTime() throws IOException {
        Outcome o = convert("--budget", 0.9, "--budget-of", "time", "--json");
        if (o.code() == 2) {
            assertTrue(o.err().lines().toList().getLast().matches("depthc: budget 0.9 cannot be reached: .* of the dense layers' prefill time, as measured on this machine; .*"), o.err());
        } else {
            timed(json(o));
        }
        Outcome dry = convert("--budget", 0.9, "--budget-of", "time", "--dry-run", "--force");
        assertTrue(dry.out().contains("until 90.0 % is left of the dense prefill time"), dry.out());
        assertTrue(dry.out().contains("No GPU was measured"), dry.out());
        assertTrue(dry.out().contains("the rest is comparing answers and timing layers") && dry.out().contains("Whether 90.0 % of the time can be reached is known when "), dry.out());
        assertFalse(convert("--budget", 0.9, "--dry-run", "--force").out().contains("timing layers"));
    }

    /** The layers were timed, each dense and with four ratios of two kinds, which is kept, and is not to be taken for what an idle machine gives. */
    @Test
    void aTimeThatCannotBeReachedSaysWhatIsKept() {
        for (int i = 0; i < 2; i++) {
            Outcome o = convert("--budget", 1e-6, "--budget-of", "time");
            assertEquals(2, o.code(), o.err());
            List<String> said = o.err().lines().toList();
            assertEquals("Not converted; 105 measurements are kept in " + journal + ": the same command goes on from there; remove the file to measure anew.", said.get(said.size() - 2));
            assertTrue(said.getLast().endsWith(", or time the layers when the machine does nothing else"), o.err());
            assertEquals(i > 0, o.err().contains("Goes on with 105 measurements from " + journal), o.err());
        }
    }

    /** Without calibration too: what is in it is of another bundle. */
    @Test
    void aJournalGoesWhenTheBundleIsThere() throws IOException {
        assertEquals(2, convert("--pipeline", ROUTED + "," + ALLOCATE + ",select-layers{layers=[99]}").code());
        assertTrue(Files.exists(journal));
        Outcome dry = run("convert", CHECKPOINT, "-o", bundle, "--dry-run");
        assertEquals(0, dry.code(), dry.err());
        assertTrue(Files.exists(journal), "a dry run changes nothing");
        Outcome o = run("convert", CHECKPOINT, "-o", bundle);
        assertEquals(0, o.code(), o.err());
        assertFalse(Files.exists(journal));
        assertTrue(o.err().contains(journal + ": removed; its measurements were for another conversion to this place"), o.err());
    }

    private void timed(JsonNode json) throws IOException {
        assertEquals("time", json.at("/allocation/budget_of").textValue());
        assertTrue(json.at("/allocation/share").doubleValue() <= 0.9, json.get("allocation").toString());
        assertTrue(json.get("remarks").toString().contains(" of the dense layers' prefill time, as measured on this machine."), json.get("remarks").toString());
        assertTrue(Files.readString(bundle.resolve("report.html")).contains("90.0% of the dense prefill time was left"));
    }

    @Test
    void itGoesOnAfterAFailure() throws IOException {
        Outcome failed = convert("--pipeline", ROUTED + "," + ALLOCATE + ",select-layers{layers=[99]}");
        assertEquals(2, failed.code(), failed.err());
        long measured = Files.readAllLines(journal).size() - 1;
        assertTrue(measured > 5, "measurements: " + measured);
        Outcome resumed = convert("--pipeline", ROUTED + "," + ALLOCATE, "--json");
        assertTrue(resumed.err().contains("Goes on with " + measured + " measurements from " + journal), resumed.err());
        assertFalse(Files.exists(journal));
        Path whole = folder.resolve("whole");
        JsonNode again = json(run("convert", CHECKPOINT, "-o", whole, "--calibration", TEXT, "--samples", 2, "--json", "--pipeline", ROUTED + "," + ALLOCATE));
        assertEquals(again.get("allocation"), json(resumed).get("allocation"));
        assertEquals(-1, Files.mismatch(bundle.resolve("model.onnx"), whole.resolve("model.onnx")));
    }

    @Test
    void measurementsOfSomethingElseAreNotUsed() throws IOException {
        assertEquals(2, convert("--pipeline", ROUTED + "," + ALLOCATE + ",select-layers{layers=[99]}").code());
        String said = journal + ": has measurements of another model, text or options, which are not used";
        String[] other = {ROUTED + ",route-evenly," + ALLOCATE, ROUTED + "," + ALLOCATE.replace("}", ", continuation=32}")};
        for (String pipeline : other) {
            Outcome o = convert("--pipeline", pipeline + ",select-layers{layers=[99]}");
            assertEquals(1, o.err().lines().filter(said::equals).count(), o.err());
        }
        Outcome text = run("convert", CHECKPOINT, "-o", bundle, "--calibration", TEXT, "--samples", 1, "--pipeline", ROUTED + "," + ALLOCATE);
        assertEquals(0, text.code(), text.err());
        assertEquals(1, text.err().lines().filter(said::equals).count(), text.err());
    }

    @Test
    void aDryRunSaysWhatMeasuringTakes() throws IOException {
        Outcome o = convert("--budget", 0.6, "--dry-run");
        assertEquals(0, o.code(), o.err());
        assertTrue(o.out().contains("combinations: 100 with one layer that skips, then about "), o.out());
        assertTrue(o.out().contains("known only after measuring"), o.out());
        JsonNode allocation = json(convert("--budget", 0.6, "--dry-run", "--json")).get("allocation");
        assertEquals(100, allocation.get("measurements_of_one_layer").intValue());
        assertTrue(allocation.get("seconds").doubleValue() > 0);
        // Two samples of 256 tokens with 64 numbers each, kept before each of five layers, and of two more on their way.
        assertEquals(7 * 2 * 256 * 64 * 4, allocation.get("state_bytes").intValue());
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(0, files.count());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "", value = {
        "empty.txt    |                | has no text of at least 2 tokens to measure on",
        "empty.jsonl  |                | has no text of at least 2 tokens to measure on",
        "one.txt      | a              | tokens at most, of which the last 64 are to be the continuation",
        "one.jsonl    | {\"text\": \"a\"}  | tokens at most, of which the last 64 are to be the continuation",
        "bad.jsonl    | {\"text\": 5}    | bad.jsonl:1: has no string \"text\"",
        "cut.jsonl    | {\"text\": \"a   | cut.jsonl:1: is not JSON",
    })
    void badTextIsOneLine(String name, String text, String message) throws IOException {
        refused(Files.writeString(folder.resolve(name), text == null ? "" : text), message);
    }

    @Test
    void textThatIsNotUtf8IsOneLine() throws IOException {
        refused(Files.write(folder.resolve("latin.txt"), "Ol\u00e9 said the bull. ".repeat(100).getBytes(StandardCharsets.ISO_8859_1)), "is not UTF-8 text");
    }

    /** Its beginning is taken: a sample is no longer than 256 tokens. */
    @ParameterizedTest
    @CsvSource({"long.txt", "long.jsonl"})
    void aLineOfAMillionTokensIsCut(String name) throws IOException {
        String text = "the cat sat on a mat and ".repeat(150_000);
        Path file = Files.writeString(folder.resolve(name), name.endsWith("l") ? "{\"text\": \"" + text + "\"}\n" : text + "\n");
        JsonNode json = json(run("convert", CHECKPOINT, "-o", bundle, "--calibration", file, "--json", "--pipeline", ROUTED + "," + ALLOCATE));
        assertEquals(1, json.at("/allocation/samples").intValue());
    }

    @Test
    void aLineOfJsonThatIsTooLongIsOneLine() throws IOException {
        refused(Files.writeString(folder.resolve("huge.jsonl"), "{\"text\": \"" + "the cat sat ".repeat(400_000) + "\"}\n"), "huge.jsonl:1: has more than 4194304 characters");
    }

    @Test
    void shortSamplesAreCounted() throws IOException {
        Path file = Files.writeString(folder.resolve("some.txt"), "Too short.\n\n" + Files.readString(TEXT).replace("<|endoftext|>", "") + "\n\nThe end.\n");
        Outcome o = run("convert", CHECKPOINT, "-o", bundle, "--calibration", file, "--pipeline", ROUTED + "," + ALLOCATE.replace("}", ", continuation=16}"));
        assertEquals(0, o.code(), o.err());
        assertTrue(o.err().lines().anyMatch(l -> l.matches("\\d+ of \\d+ calibration samples are left out: too short .*")), o.err());
    }

    /** Weights as large as F32 has, so that products overflow; or no numbers. */
    @ParameterizedTest
    @CsvSource({"3.4028235e38, cannot be measured: behind layer 0 it has a NaN or an infinity", "NaN, has the value NaN"})
    void weightsThatOverflowAreOneLine(float value, String message) throws IOException {
        Path checkpoint = PokedCheckpoint.all(CHECKPOINT, folder.resolve("broken"), "model.layers.0.mlp.up_proj.weight", value);
        Outcome o = run("convert", checkpoint, "-o", bundle, "--budget", 0.6, "--calibration", TEXT, "--samples", 2);
        assertEquals(2, o.code(), o.err());
        assertEquals(1, o.err().lines().count(), o.err());
        assertTrue(o.err().contains(message), o.err());
    }

    /** Hidden states are finite, but the norms behind them make zeros of all: whatever skips, the answers are the same. */
    @Test
    void hiddenStatesThatNoNormTakesAreOneLine() throws IOException {
        Path checkpoint = PokedCheckpoint.all(CHECKPOINT, folder.resolve("broken"), "model.layers.2.mlp.down_proj.weight", 1e25f);
        Outcome o = run("convert", checkpoint, "-o", bundle, "--budget", 0.6, "--calibration", TEXT, "--samples", 2);
        assertEquals(2, o.code(), o.err());
        assertEquals(1, o.err().lines().count(), o.err());
        assertTrue(o.err().contains("calibration sample 0 cannot be measured: behind layer 2 the squares of its hidden state at position 0 have a sum beyond F32"), o.err());
        assertFalse(Files.exists(bundle) || Files.exists(journal), "nothing was measured, and nothing is kept");
    }

    /** A layer whose hidden states are no numbers has no Block Influence, and sorting it behind the others would hide that. */
    @Test
    void layersOfLeastBlockInfluenceAreNotChosenAmongNumbersThatAreNone() throws IOException {
        Path checkpoint = PokedCheckpoint.all(CHECKPOINT, folder.resolve("broken"), "model.layers.2.mlp.up_proj.weight", Float.MAX_VALUE);
        Outcome o = run("convert", checkpoint, "-o", bundle, "--pipeline", "select-layers{rule=block_influence, count=2},schedule,convert-to-mod", "--calibration", TEXT,
                "--samples", 2);
        assertEquals(2, o.code(), o.err());
        assertTrue(o.err().contains("layer 2 has hidden states that are not numbers") && o.err().contains("Block Influence cannot be measured"), o.err());
        assertFalse(Files.exists(bundle));
    }

    private void refused(Path text, String message) {
        Outcome o = run("convert", CHECKPOINT, "-o", bundle, "--budget", 0.6, "--calibration", text);
        assertEquals(2, o.code(), o.err());
        assertTrue(o.err().startsWith("depthc: ") && o.err().contains(message), o.err());
        assertEquals(1, o.err().lines().count(), o.err());
        assertFalse(Files.exists(bundle) || Files.exists(journal));
    }

    private Outcome convert(Object... more) {
        return run(Stream.concat(Stream.of("convert", CHECKPOINT, "-o", bundle, "--calibration", TEXT, "--samples", 2), Stream.of(more)).toArray());
    }

    private static JsonNode json(Outcome o) throws IOException {
        assertEquals(0, o.code(), o.err());
        return new ObjectMapper().readTree(o.out());
    }
}
