// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static io.github.depthc.cli.CommandLineHarness.repository;
import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.cli.console.Units;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.WeightsVariant;
import io.github.depthc.cli.CommandLineHarness.Outcome;
import io.github.depthc.cli.opt.TestPlugin;
import io.github.depthc.frontend.safetensors.SafetensorsWriter;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ConvertCommandTest {
    private static final Path CHECKPOINT = repository("samples/checkpoints/stories260k");

    @TempDir
    private Path folder;

    /**
     * Of each token, 2 · 64 · (64 + 32 + 32 + 64 + 3 · 172) FLOPs of linear layers in each of five layers; spared in the last, for 255
     * tokens, is all but K and V. With attention scores and the head at one token: 29.41 of 158.17 million.
     */
    @Test
    void aDenseBundleSaysWhatItsLastLayerSpares() throws IOException {
        Outcome o = run("convert", CHECKPOINT, "-o", folder.resolve("b"), "--layers", "none", "--dry-run", "--text-tokens", "256");
        assertTrue(o.out().contains("As run   128.76 MFLOPs, 100.0 % of the 128.76 MFLOPs of a dense bundle"), o.out());
        JsonNode json = new ObjectMapper().readTree(run("convert", CHECKPOINT, "-o", folder.resolve("b"), "--dry-run", "--json").out());
        assertTrue(json.at("/flops_as_run").doubleValue() < 0.7 * json.at("/dense_flops_as_run").doubleValue(), json::toString);
    }

    @Test
    void saysWhatItDidAndWhatToRunNext() {
        Path bundle = folder.resolve("bundle");
        Outcome o = run("convert", CHECKPOINT, "-o", bundle);
        assertEquals(0, o.code(), o.err());
        assertTrue(o.out().contains("3  MoD    0.1500"), o.out());
        assertTrue(o.out().stripTrailing().endsWith("  depthc run " + bundle + " --prompt \"Once upon a time\""), o.out());
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
    void weightsInFewerBitsAreSmallerAndSayWhatTheyCost() throws IOException {
        JsonNode json = new ObjectMapper().readTree(run("convert", CHECKPOINT, "-o", folder.resolve("b"), "--json", "--weights", "int4", "--keep-weights", "*down_proj*").out());
        JsonNode exact = new ObjectMapper().readTree(run("convert", CHECKPOINT, "-o", folder.resolve("exact"), "--dry-run", "--json").out());
        assertEquals(exact.get("totals"), new ObjectMapper().readTree(run("convert", CHECKPOINT, "-o", folder.resolve("q"), "--dry-run", "--json", "--weights", "int8").out())
                .get("totals"));
        JsonNode places = json.at("/quantization/0/places");
        assertEquals(6, places.size(), json.toString());
        assertEquals(6, places.get(0).get("weights").intValue());
        places.forEach(p -> assertEquals(0.085, p.get("relative_error").doubleValue(), 0.01));
        assertEquals(json.get("quantization"), new ObjectMapper().readTree(run("inspect", folder.resolve("b"), "--json").out()).get("quantization"));
        String shown = run("inspect", folder.resolve("b")).out();
        assertTrue(shown.contains("Weights in 4 bits, blocks of 32: relative error"), shown);
        assertTrue(shown.matches("(?s).*\n  0\\.0\\d{3}  layer 0\n.*"), shown);
        Bundle bundle = Bundle.open(folder.resolve("b"));
        assertEquals(WeightsVariant.INT4, bundle.component(Bundle.DECODER).weights());
        assertTrue(Files.size(bundle.file("weights/int4-00001.bin")) < 450_000);
        Outcome refused = run("export", folder.resolve("b"), "--format", "pmod", "--init-routers", "-o", folder.resolve("e"));
        assertEquals(2, refused.code());
        assertTrue(refused.err().contains("has weights in 4 bits, which cannot be exported; convert the model again with --weights source or fp32"), refused.err());
    }

    @Test
    void aBudgetSaysWhatItCameTo() throws IOException {
        String schedule = "prd\\(average=0\\.\\d+,max=0.85,min=0.15\\)";
        Outcome o = run("convert", CHECKPOINT, "-o", folder.resolve("b"), "--dry-run", "--budget", 0.6);
        assertTrue(o.out().contains("Budget   60.0 % of the dense FLOPs at this prompt; this schedule comes to "), o.out());
        assertTrue(o.out().lines().anyMatch(l -> l.matches("         " + schedule + ", the average solved for")), o.out());
        JsonNode json = new ObjectMapper().readTree(run("convert", CHECKPOINT, "-o", folder.resolve("b"), "--dry-run", "--json", "--budget", 0.6).out());
        assertEquals(0.6, json.at("/budget/target").doubleValue());
        assertTrue(json.at("/budget/schedule").textValue().matches(schedule), json.toString());
        assertEquals(json.at("/totals/flops_ratio"), json.at("/budget/flops_ratio"));
    }

    @Test
    void aBudgetMayCountTheCache() throws IOException {
        Object[] command = {"convert", CHECKPOINT, "-o", folder.resolve("b"), "--dry-run", "--budget", 0.6, "--budget-of", "kv"};
        Outcome o = run(command);
        assertTrue(o.out().contains("Budget   60.0 % of the dense KV cache at this prompt; this schedule comes to "), o.out());
        JsonNode json = new ObjectMapper().readTree(run(Stream.concat(Stream.of(command), Stream.of("--json")).toArray()).out());
        double left = json.at("/totals/kv_bytes").doubleValue() / json.at("/totals/kv_bytes_dense").doubleValue();
        assertTrue(left <= 0.6 && left > 0.59, "left: " + left);
        assertEquals("kv", json.at("/budget/of").textValue());
        assertEquals(left, json.at("/budget/kv_ratio").doubleValue());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--budget 0.6 --budget-of time           | --budget-of time needs text to measure on: add --calibration FILE",
        "--budget-of kv                          | --budget-of has no effect: it says what --budget counts; add --budget RATIO",
        "--pipeline dce --budget-of kv           | --budget-of",
        "--layers none --budget-of kv            | --budget-of has no effect: --layers none converts no layer",
        "--budget 0.6 --budget-of bytes          | --budget-of is 'bytes', expected flops, kv or time",
    })
    void whatABudgetCountsIsChecked(String options, String message) {
        Outcome o = run(Stream.concat(Stream.of("convert", CHECKPOINT, "-o", folder.resolve("b")), Stream.of(options.split(" "))).toArray());
        assertEquals(2, o.code(), o.err());
        assertTrue(o.err().contains(message), o.err());
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
        assertTrue(o.err().contains("skip image tokens alone") && o.err().contains("--style mod"), o.err());
        Outcome text = run("convert", CHECKPOINT, "-o", folder.resolve("t"), "--routers", routers, "--style", "mod");
        assertEquals(0, text.code(), text.err());
        assertFalse(text.err().contains("image tokens"), text.err());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--style pmod                | needs trained routers",
        "--layers 9                  | a layer of the model, 0 to 4",
        "--schedule cosine           | is no schedule",
        "--budget 0.01               | cannot be reached",
        "--budget 0.95 --layers 0-4  | cannot be reached",
        "--budget 0.5 --text-tokens 2 | whatever the schedule",
        "--budget 1                  | --layers none",
        "--budget NaN                | more than 0 and less than 1",
        "--calibration x.txt         | add --layers arank:50%",
        "--samples 3 --budget 0.5   | --samples has no effect",
        "--calibration x.txt --budget 0.5 --schedule linear | chooses layers and ratios by what the model answers; remove --schedule, or remove --calibration",
        "--calibration x.txt --budget 0.5 --layers 1 --style plain | remove --layers, --style, or remove --calibration",
        "--calibration x.txt --budget 1.5 | --budget is 1.5, expected a ratio, more than 0 and less than 1",
        "--layers none --schedule constant(0.5) | --schedule has no effect: --layers none converts no layer",
        "--layers none --style plain --budget 0.5 | --budget, --style have no effect",
        "--pipeline dcee             | did you mean 'dce'",
        "--weights int4 --portable   | --weights int4 and --portable contradict each other",
        "--weights int8 --pipeline quantize-weights{bits=4} | --weights and the pipeline both quantize weights; leave --weights out",
        "--weights fp32 --pipeline quantize-weights{bits=4} | weights are to be stored as fp32, but a pass has quantized them (int4)",
        "--weights int8 --keep-weights * | --weights int8 has no effect: --keep-weights keeps every weight",
        "--weights-block 64          | --weights-block has no effect: weights are quantized with --weights int8 or int4 only",
        "--weights fp32 --keep-weights *head* | --keep-weights has no effect",
        "--weights int8 --weights-block 48 | --weights-block is 48, expected 32, 64 or 128",
        "--weights int8 --keep-weights lm_head* | (the head has none of its own: its weight is the embedding's, model.embed_tokens.weight)",
        "--weights int8 --keep-weights *router* | no weight of a linear layer or embedding in stories260k fits the pattern '*router*'; there are model.embed_tokens.weight, ",
    })
    void badOptionsAreOneLine(String options, String message) {
        Object[] args = Stream.concat(Stream.of("convert", CHECKPOINT, "-o", folder.resolve("b")), Stream.of(options.split(" "))).toArray();
        Outcome o = run(args);
        assertEquals(2, o.code(), o.err());
        assertTrue(o.err().contains(message), o.err());
        assertFalse(o.err().contains("internal error"), o.err());
        assertFalse(Files.exists(folder.resolve("b")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"--layers", "--schedule"})
    void anEmptyOptionIsTwo(String option) {
        Outcome o = run("convert", CHECKPOINT, "-o", folder.resolve("b"), option, "");
        assertEquals(new Outcome(2, "", "depthc: " + option + " is empty; give it a value or leave it out\n"), o);
    }

    @Test
    void anEmptyPipelineLeavesTheModelAsItIs() throws IOException {
        assertEquals("lower-mod,fold-constants,cse,dce,hoist-gather,fuse-add-norm", run("convert", CHECKPOINT, "--print-pipeline", "--pipeline", "").out().stripTrailing());
        assertEquals(0, run("convert", CHECKPOINT, "-o", folder.resolve("empty"), "--pipeline", " ").code());
        assertEquals(0, run("convert", CHECKPOINT, "-o", folder.resolve("none"), "--layers", "none").code());
        assertEquals(-1, Files.mismatch(folder.resolve("empty/model.onnx"), folder.resolve("none/model.onnx")));
    }

    @Test
    void whereNothingCanBeWrittenIsSaidFirst() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        Outcome o = run("convert", CHECKPOINT, "-o", file.resolve("b"));
        assertEquals(new Outcome(2, "", "depthc: " + file.resolve("b") + ": cannot be made because " + file + " is no folder; give another output path\n"), o);
    }

    @Test
    void aBundleIsNotConvertedAgain() {
        Path bundle = folder.resolve("b");
        assertEquals(0, run("convert", CHECKPOINT, "-o", bundle).code());
        assertTrue(run("convert", CHECKPOINT, "-o", bundle, "--dry-run").err().endsWith(
                "Without --dry-run this would fail: " + bundle + " exists already; give another output path, or --force to replace it\n"));
        Outcome o = run("convert", bundle, "-o", folder.resolve("again"));
        assertEquals(2, o.code());
        assertTrue(o.err().startsWith("depthc: " + bundle + ": is a bundle already"), o.err());
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

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--layers prd",
        "--layers odd --schedule constant(0.4) --style plain",
        "--layers arank:2",
        "--budget 0.7",
        "--layers none",
    })
    void thePrintedPipelineGivesTheSameGraph(String options) throws IOException {
        Outcome printed = run(args("--print-pipeline", options));
        assertEquals(0, printed.code(), printed.err());
        String pipeline = printed.out().stripTrailing();
        assertTrue(pipeline.endsWith("lower-mod,fold-constants,cse,dce,hoist-gather,fuse-add-norm"), pipeline);
        assertEquals("", printed.err());
        Path meant = folder.resolve("meant");
        Path given = folder.resolve("given");
        assertEquals(0, run(args("-o " + meant, options)).code());
        assertEquals(0, run("convert", CHECKPOINT, "-o", given, "--pipeline", pipeline).code());
        try (Stream<Path> files = Files.list(meant)) {
            List<Path> graphs = files.filter(f -> f.toString().endsWith(".onnx")).toList();
            assertFalse(graphs.isEmpty());
            for (Path graph : graphs) {
                assertEquals(-1, Files.mismatch(graph, given.resolve(graph.getFileName())), graph.toString());
            }
        }
    }

    @Test
    void theNextCommandTakesThePrintedPipeline() throws IOException {
        String pipeline = run("convert", CHECKPOINT, "--print-pipeline").out().stripTrailing();
        assertEquals(pipeline, new ObjectMapper().readTree(run("convert", CHECKPOINT, "--print-pipeline", "--json").out()).at("/pipeline").asText());
        assertEquals(pipeline, run("convert", CHECKPOINT, "--print-pipeline", "--pipeline", pipeline).out().stripTrailing());
        Outcome opt = run("opt", CHECKPOINT, "--pipeline", pipeline);
        assertEquals(0, opt.code(), opt.err());
        assertTrue(opt.out().contains("mod.select"), opt.out());
    }

    @Test
    void aTrainedCheckpointTakesAPipelineOfItsOwn() throws IOException {
        Path trained = repository("integration/src/test/resources/goldens-mod/pmod-cos");
        String pipeline = run("convert", trained, "--print-pipeline").out().stripTrailing();
        assertEquals("lower-mod,fold-constants,cse,dce,hoist-gather,fuse-add-norm", pipeline);
        assertEquals(0, run("convert", trained, "-o", folder.resolve("meant")).code());
        assertEquals(0, run("convert", trained, "-o", folder.resolve("given"), "--pipeline", pipeline).code());
        for (String file : List.of("bundle.json", "report.html")) {
            assertTrue(Files.exists(folder.resolve("given").resolve(file)));
        }
        assertTrue(Files.readString(folder.resolve("given/bundle.json")).contains("\"pmod\""));
    }

    @Test
    void aMistakeInThePipelineIsShown() {
        Outcome o = run("convert", CHECKPOINT, "-o", folder.resolve("b"), "--pipeline", "dce,select-layers{layers=[9]}");
        assertEquals(2, o.code());
        assertTrue(o.err().startsWith("depthc: pipeline:1:27: select-layers: layer 9") && o.err().endsWith("\n" + " ".repeat(26) + "^\n"), o.err());
    }

    /** A layer without attention has an empty cache; of a dense model it has not. */
    @Test
    void denseMeansTheSameInConvertAndRun() throws IOException {
        Path jar = TestPlugin.jar(Files.createDirectories(folder.resolve("p")));
        String pipeline = "drop-attention{layers=[1]},select-layers{layers=[1, 3]},schedule{kind=constant, ratio=0.5},convert-to-mod";
        Outcome o = run("convert", CHECKPOINT, "-o", folder.resolve("b"), "--json", "--plugin", jar, "--pipeline", pipeline, "--text-tokens", 8);
        assertEquals(0, o.code(), o.err());
        Outcome run = run("run", folder.resolve("b"), "--input-ids", "1,2,3,4,5,6,7,8", "--max-new-tokens", 1, "--json");
        assertEquals(0, run.code(), run.err());
        JsonNode totals = new ObjectMapper().readTree(o.out()).path("totals");
        JsonNode ran = new ObjectMapper().readTree(run.out());
        assertEquals(totals.path("kv_bytes_dense"), ran.path("kv_bytes_dense"));
        assertEquals(totals.path("kv_bytes"), ran.path("kv_bytes"));
        assertTrue(ran.path("kv_bytes").longValue() < 0.8 * ran.path("kv_bytes_dense").longValue(), run::out);
    }

    /** Without attention the last token needs no other, unless routing chooses among them. */
    @Test
    void aShareOfNothingIsNotPrinted() throws IOException {
        Path jar = TestPlugin.jar(Files.createDirectories(folder.resolve("p")));
        Outcome o = run("convert", CHECKPOINT, "-o", folder.resolve("b"), "--dry-run", "--plugin", jar, "--pipeline",
                "drop-attention{layers=[0, 1, 2, 3, 4]},select-layers{layers=[1, 3]},schedule{kind=constant, ratio=0.5},convert-to-mod");
        assertEquals(0, o.code(), o.err());
        assertTrue(o.out().contains("0 FLOPs") && o.out().contains("–"), o.out());
        assertTrue(o.out().lines().anyMatch(l -> l.matches("As run +[0-9.]+ MFLOPs: linear layers and attention")), o.out());
        assertFalse(o.out().matches("(?s).*[0-9]{4}\\.[0-9] %.*"), o.out());
    }

    @Test
    void aPluginsPassConverts() throws IOException {
        Outcome o = run("convert", CHECKPOINT, "-o", folder.resolve("b"), "--json", "--plugin", TestPlugin.jar(Files.createDirectories(folder.resolve("p"))),
                "--pipeline", "mark-first{count=2},convert-to-mod");
        assertEquals(0, o.code(), o.err());
        JsonNode json = new ObjectMapper().readTree(o.out());
        assertEquals("mod", json.at("/layers/1/kind").asText());
        assertEquals("dense", json.at("/layers/2/kind").asText());
    }

    @ParameterizedTest
    @CsvSource({"auto", "fp32"})
    void theSizeThatIsSaidIsThatOfTheFiles(String weights) throws IOException {
        Path bundle = folder.resolve("b");
        JsonNode written = json("convert", CHECKPOINT, "-o", bundle, "--weights", weights, "--json");
        long bytes = 0;
        int count = 0;
        try (Stream<Path> files = Files.walk(bundle)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                bytes += Files.size(file);
                count++;
            }
        }
        assertEquals(bytes, written.get("bytes").longValue());
        assertEquals(bytes, json("inspect", bundle, "--json").get("bytes").longValue());
        assertTrue(run("inspect", bundle).out().contains("Bundle   " + Units.bytes(bytes) + " in " + count + " files"));
        // The report has the command line in it.
        assertEquals(bytes + " --dry-run".length(), json("convert", CHECKPOINT, "-o", bundle, "--weights", weights, "--json", "--force", "--dry-run")
                .get("disk_bytes").longValue() - " --force".length());
    }

    @Test
    void idsOutsideTheVocabularyAreSaidToBeLeftOut() throws IOException {
        Path checkpoint = copyOfStories("ids");
        Path file = Files.writeString(checkpoint.resolve("generation_config.json"), "{\"bos_token_id\": 1, \"eos_token_id\": [2, 512, 128001]}");
        String said = file + ": \"eos_token_id\" names 512, 128001, outside the vocabulary of 512 ids; that never comes and is left out";
        Outcome o = run("convert", checkpoint, "-o", folder.resolve("b"));
        assertEquals(0, o.code(), o.err());
        assertEquals(1, o.err().lines().filter(said::equals).count(), o.err());
        assertEquals(said + "\n", run("inspect", checkpoint).err());
        assertEquals(said, json("inspect", checkpoint, "--json").at("/remarks/0").textValue());
        Files.delete(file);
        Path config = checkpoint.resolve("config.json");
        Files.writeString(config, Files.readString(config).replaceFirst("\"eos_token_id\": 2", "\"eos_token_id\": 900"));
        assertTrue(run("inspect", config).err().startsWith(config + ": \"eos_token_id\" names 900, outside"), () -> run("inspect", config).err());
    }

    @Test
    void filesBesideTheTokenizerAreLookedAt() throws IOException {
        Path checkpoint = copyOfStories("cut");
        Path file = Files.writeString(checkpoint.resolve("tokenizer_config.json"), "{\"bos_token\": ");
        Outcome o = run("convert", checkpoint, "-o", folder.resolve("b"));
        assertEquals(new Outcome(2, "", "depthc: " + file + ":1:15: it ends within a value; it is cut short; expected strict JSON\n"), o);
    }

    @Test
    void aNameDoesNotCommandTheTerminal() throws IOException {
        Path checkpoint = copyOfStories("red\u001b[31m\u0007");
        Path bundle = folder.resolve("b");
        Outcome converted = run("convert", checkpoint, "-o", bundle);
        assertEquals(0, converted.code(), converted.err());
        for (Outcome o : new Outcome[] {converted, run("inspect", checkpoint), run("inspect", bundle), run("bench", bundle, "--prompt-tokens", 4, "--rounds", 1)}) {
            assertEquals(0, o.code(), o.err());
            assertTrue((o.out() + o.err()).chars().noneMatch(c -> Character.isISOControl(c) && c != '\n'), o.out());
            assertTrue(o.out().contains("red\\u001b[31m\\u0007"), o.out());
        }
    }

    @Test
    void anEmptyFolderIsFilled() throws IOException {
        Path bundle = Files.createDirectory(folder.resolve("b"));
        Outcome o = run("convert", CHECKPOINT, "-o", bundle);
        assertEquals(0, o.code(), o.err());
        Outcome verified = run("inspect", bundle, "--verify");
        assertEquals(0, verified.code());
        assertTrue(verified.err().contains("Verified: every byte of "), verified.err());
    }

    private Path copyOfStories(String name) throws IOException {
        Path out = Files.createDirectory(folder.resolve(name));
        try (Stream<Path> files = Files.list(CHECKPOINT)) {
            for (Path file : files.toList()) {
                Files.copy(file, out.resolve(file.getFileName()));
            }
        }
        return out;
    }

    private static JsonNode json(Object... args) throws IOException {
        Outcome o = run(args);
        assertEquals(0, o.code(), o.err());
        return new ObjectMapper().readTree(o.out());
    }

    @Test
    void theBundleIsAskedFor() {
        Outcome o = run("convert", CHECKPOINT);
        assertEquals(2, o.code());
        assertTrue(o.err().contains("missing required option: '--output=BUNDLE'"), o.err());
    }

    private static Object[] args(String first, String options) {
        return Stream.concat(Stream.of("convert", CHECKPOINT), Stream.of((first + " " + options).split(" "))).toArray();
    }
}
