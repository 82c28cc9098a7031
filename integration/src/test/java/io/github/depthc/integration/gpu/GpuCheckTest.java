// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.kernels.KernelCases;
import io.github.depthc.backend.kernels.Precision;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What of the check runs without a GPU: its order, its files, its table, and what it says where there is no GPU. */
final class GpuCheckTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final List<Stage> ran = new ArrayList<>();

    @TempDir
    private Path temp;

    private int run(Optional<String> missing, GpuCheck.Runner runner, Object... arguments) throws InterruptedException {
        var words = new ArrayList<String>();
        for (Object argument : arguments) {
            words.add(argument.toString());
        }
        return new GpuCheck(() -> missing, runner, new PrintStream(out, true), new PrintStream(err, true)).run(words.toArray(String[]::new));
    }

    private Processes.Ended well(Stage stage, Setting setting) throws IOException {
        ran.add(stage);
        Findings.begin(setting.results().resolve(stage.text() + ".json")).outcome("done");
        return new Processes.Ended(Optional.of(0), "");
    }

    private ObjectNode json() throws IOException {
        return (ObjectNode) new ObjectMapper().readTree(temp.resolve("results/gpu.json").toFile());
    }

    @Test
    void withoutAGpuOneLineSaysWhatIsMissing() throws InterruptedException {
        assertEquals(2, run(Optional.of("no NVIDIA driver: libcuda.so.1 was not found"), this::well, "run", temp.resolve("results")));
        assertEquals("gpu-check: nothing was measured: no NVIDIA driver: libcuda.so.1 was not found\n", err.toString());
        assertEquals("", out.toString());
        assertFalse(Files.exists(temp.resolve("results")));
    }

    @Test
    void stagesRunInTheirOrderWhateverOrderTheyAreNamedIn() throws IOException, InterruptedException {
        assertEquals(0, run(Optional.empty(), this::well, "run", temp.resolve("results"), "timings", "--work", temp.resolve("work"), "kernels", "kernels"));
        assertEquals(List.of(Stage.KERNELS, Stage.TIMINGS), ran);
        assertEquals("done", json().path("kernels").path("outcome").asText());
        assertTrue(json().path("kernels").path("seconds").isNumber());
        assertFalse(json().has("engines"));
        ran.clear();
        assertEquals(0, run(Optional.empty(), this::well, "run", temp.resolve("results"), "--work", temp.resolve("work")));
        assertEquals(List.of(Stage.values()), ran);
    }

    @Test
    void aStageThatFailsOrEndsItsProcessIsAResult() throws IOException, InterruptedException {
        int code = run(Optional.empty(), (stage, setting) -> {
            ran.add(stage);
            Findings findings = Findings.begin(setting.results().resolve(stage.text() + ".json"));
            if (stage == Stage.ENVIRONMENT) {
                findings.put("date", "2026-01-01");
                return new Processes.Ended(Optional.of(139), "");
            }
            if (stage == Stage.KERNELS) {
                findings.outcome("failed: 2 groups of cases differ from Java");
                return new Processes.Ended(Optional.of(1), "");
            }
            return stage == Stage.ENGINES ? new Processes.Ended(Optional.empty(), "") : well(stage, setting);
        }, "run", temp.resolve("results"), "--work", temp.resolve("work"));
        assertEquals(1, code);
        assertEquals(Stage.values().length, ran.stream().distinct().count());
        assertEquals("the process did not end well: exit code 139", json().path("environment").path("outcome").asText());
        assertEquals("2026-01-01", json().path("environment").path("date").asText(), "what was found before it ended");
        assertEquals("failed: 2 groups of cases differ from Java", json().path("kernels").path("outcome").asText());
        assertEquals("the process did not end well: its time was over", json().path("engines").path("outcome").asText());
        assertEquals("done", json().path("torch").path("outcome").asText());
    }

    @Test
    void whatIsWrongWithTheArgumentsIsSaid() throws IOException, InterruptedException {
        assertEquals(2, run(Optional.empty(), this::well, "run"));
        assertEquals(2, run(Optional.empty(), this::well, "run", temp, "warmup"));
        assertEquals(2, run(Optional.empty(), this::well, "run", temp, "--layers", "many"));
        assertEquals(2, run(Optional.empty(), this::well, "run", temp, "--wrok", "x"));
        assertEquals(2, run(Optional.empty(), this::well, "table", temp.resolve("none.json")));
        for (String bad : List.of("{\n\"environment\": {", "[1]", "")) {
            assertEquals(2, run(Optional.empty(), this::well, "table", Files.writeString(temp.resolve("bad.json"), bad)));
        }
        List<String> lines = err.toString().lines().toList();
        assertEquals(8, lines.size(), err.toString());
        assertTrue(lines.getFirst().contains("pack OUT_DIR"), lines.getFirst());
        assertEquals("gpu-check: " + temp.resolve("bad.json") + ": is no JSON (line 2); expected the gpu.json of a run", lines.get(5));
        assertEquals("gpu-check: " + temp.resolve("bad.json") + ": has no JSON object; expected the gpu.json of a run", lines.get(6));
        assertTrue(lines.get(1).startsWith("gpu-check: the stage warmup is unknown, expected some of [environment, kernels, "), lines.get(1));
        assertEquals("gpu-check: --layers is 'many', expected a number of layers, 4 to 999", lines.get(2));
        assertTrue(ran.isEmpty());
    }

    /** Whoever passes on a JSON by hand is told what is wrong in it, and where. */
    @Test
    void whatIsWrongWithFindingsIsSaid() throws IOException, InterruptedException {
        String step = "{\"seconds\": {\"median\": %s}, \"floor_bytes\": %s}";
        Map<String, String> wrong = new LinkedHashMap<>();
        wrong.put("{\"cases\": 14}", "has no stage, such as kernels; expected the gpu.json of a run");
        wrong.put("{\"environment\": 5}", "environment is 5, expected an object");
        wrong.put("{\"timings\": {\"routing\": [1]}}", "timings.routing is [1], expected an object");
        wrong.put("{\"timings\": {\"routing\": {\"634\": {\"gather\": {\"floor_bytes\": 8}}}}}", "timings.routing.634.gather.seconds.median is missing, expected a number");
        wrong.put("{\"timings\": {\"routing\": {\"634\": {\"gather\": " + step.formatted("1e-5", "null") + "}}}}", "timings.routing.634.gather.floor_bytes is missing, expected a number");
        wrong.put("{\"timings\": {\"routing\": {\"2988\": {\"gather\": " + step.formatted("\"fast\"", "8") + "}}}}",
                "timings.routing.2988.gather.seconds.median is \"fast\", expected a number");
        wrong.put("{\"kernels\": {\"outcome\": 1}}", "kernels.outcome is 1, expected a text");
        int lines = 0;
        for (var one : wrong.entrySet()) {
            Path json = Files.writeString(temp.resolve("wrong.json"), one.getKey());
            assertEquals(2, run(Optional.empty(), this::well, "table", json), one.getKey());
            assertEquals("gpu-check: " + json + ": " + one.getValue(), err.toString().lines().skip(lines++).findFirst().orElseThrow());
        }
        assertEquals("", out.toString());
    }

    /** Of stages that are not run again. */
    @Test
    void findingsOfEarlierStagesAreReadBeforeAnyIsRun() throws IOException, InterruptedException {
        Path results = Files.createDirectories(temp.resolve("results"));
        for (String bad : List.of("{\"routing\": ", "[]", "{\"routing\": 7}")) {
            Files.writeString(results.resolve("timings.json"), bad);
            err.reset();
            assertEquals(2, run(Optional.empty(), this::well, "run", results, "--work", temp.resolve("work"), "kernels"));
            assertEquals(1, err.toString().lines().count(), err.toString());
            assertTrue(err.toString().startsWith("gpu-check: " + results), err.toString());
            assertTrue(err.toString().contains("timings"), err.toString());
            assertTrue(ran.isEmpty(), ran.toString());
        }
        assertEquals(0, run(Optional.empty(), this::well, "run", results, "--work", temp.resolve("work"), "timings"), err.toString());
    }

    /** What a stage itself left behind ends no other one. */
    @Test
    void aStageWithFindingsOfAnotherFormIsAResult() throws IOException, InterruptedException {
        assertEquals(1, run(Optional.empty(), (stage, setting) -> {
            Processes.Ended ended = well(stage, setting);
            if (stage == Stage.TIMINGS) {
                Findings.read(setting.results().resolve("timings.json")).put("routing", 7);
            }
            return ended;
        }, "run", temp.resolve("results"), "--work", temp.resolve("work"), "timings", "torch"));
        assertEquals(List.of(Stage.TIMINGS, Stage.TORCH), ran);
        assertTrue(err.toString().startsWith("gpu-check: " + temp.resolve("results/gpu.json") + ": timings.routing is 7, expected an object"), err.toString());
    }

    /** A real process of a stage, on a machine that has no GPU or has one: it says how it ended. */
    @Test
    void aStagesProcessLeavesAFile() throws IOException, InterruptedException {
        var setting = new Setting(Path.of(System.getProperty("depthc.root")), Files.createDirectories(temp.resolve("results")), temp.resolve("work"), 4);
        Processes.Ended ended = Processes.run(Processes.stage(Stage.TIMINGS, setting), Stage.TIMINGS.limit());
        assertEquals(Optional.of(1), ended.code(), ended.output());
        Findings findings = Findings.read(setting.results().resolve("timings.json"));
        assertTrue(findings.outcome().startsWith("failed: ") && findings.outcome().length() > 20, findings.outcome());
    }

    @Test
    void anEmptyTableSaysThatNothingWasMeasured() throws InterruptedException {
        assertEquals(0, run(Optional.empty(), this::well, "table"));
        List<String> rows = out.toString().lines().filter(l -> l.startsWith("| ") && !l.startsWith("| it is") && !l.startsWith("| routing step") && !l.startsWith("| stage")).toList();
        assertTrue(rows.size() > 25, out.toString());
        rows.forEach(row -> assertTrue(row.contains("| not measured yet |"), row));
        assertFalse(out.toString().contains("met |"), out.toString());
    }

    /** What is asked for is what the page says, line by line. */
    @Test
    void thePageHasTheLinesOfTheTable() throws IOException, InterruptedException {
        assertEquals(0, run(Optional.empty(), this::well, "table"));
        String page = Files.readString(Path.of(System.getProperty("depthc.root"), "docs/results/gpu.md"));
        out.toString().lines().filter(l -> l.startsWith("| ")).map(l -> l.substring(0, l.indexOf(" | ", 2))).forEach(line -> assertTrue(page.contains(line + " |"), line));
    }

    /** The requirements' limits, on both sides. */
    @Test
    void theTableJudges() throws IOException, InterruptedException {
        var all = Findings.begin(temp.resolve("all.json"));
        for (Precision precision : Precision.values()) {
            for (KernelCases cases : KernelCases.values()) {
                String outcome = cases == KernelCases.GATES && precision == Precision.F16 ? "gate: differs at 3" : "equal";
                all.put("kernels." + precision.text() + "." + cases.name().toLowerCase(Locale.ROOT) + ".outcome", outcome);
            }
        }
        all.measured("environment.copy_bytes_per_second", List.of(4e12, 4e12, 4e12));
        all.measured("environment.matmul_flops_per_second", List.of(400e12));
        for (String kind : List.of("pmod", "gamma", "plain", "dense")) {
            for (String precision : List.of("fp32", "bf16")) {
                String key = "engines." + kind + "." + precision;
                all.put(key + ".tokens", 64);
                all.put(key + ".tokens_equal", kind.equals("gamma") && precision.equals("bf16") ? 17 : 64);
                all.put(key + ".steps.largest_error", kind.equals("plain") ? 0.02 : 0.001);
                all.put(key + ".kv", new KvBytes(1000, kind.equals("gamma") ? null : 1000L, 2000, kind.equals("plain") ? 1301 : 1300, 1300));
            }
        }
        for (String kind : List.of("int8", "int4")) {
            all.put("engines." + kind + ".fp32.tokens", 64);
            all.put("engines." + kind + ".fp32.tokens_equal", kind.equals("int4") ? 40 : 64);
            all.put("engines." + kind + ".bf16.steps.largest_error", kind.equals("int4") ? 0.009 : 0.002);
        }
        for (int n : new int[] {634, 2988}) {
            String key = "timings.prefill." + n + ".";
            all.put(key + "flops_ratio", 0.5);
            all.measured(key + "time_ratio", List.of(0.51, 0.529, 0.54));
            all.measured(key + "dense_seconds", List.of(0.1, 0.1));
            all.put(key + "kv", new KvBytes(1000, 1000L, 2000, 1000, 1300));
            all.put(key + "dense_flops", 20e12);
            all.put(key + "routed_flops", 8e12);
            all.measured(key + "routed_seconds", List.of(0.05, 0.05));
            for (String kind : List.of("routed", "dense", "gamma")) {
                String decode = (kind.equals("gamma") ? "gamma" : "timings") + ".decode." + n + ".";
                all.measured(decode + kind + "_seconds", List.of(kind.equals("gamma") ? 0.0052 : 0.005));
                all.put(decode + kind + "_bytes", kind.equals("routed") ? 14e9 : 15e9);
            }
            all.measured("gamma.decode." + n + ".dense_seconds", List.of(0.005));
            all.put("gamma.decode." + n + ".discarded", 0.375);
            all.put("torch.torch.prefill." + n + ".seconds.median", 0.08);
            all.put("torch.torch.prefill." + n + ".seconds.attention", "flash");
            for (String step : List.of("gather", "gather_then_norm", "gather_norm", "all_of_a_layer", "embedding_int4")) {
                all.timed("timings.routing." + n + "." + step, List.of(step.equals("gather_then_norm") ? 48e-6 : 24e-6), step.equals("gather") ? 24_000_000 : 80_000_000);
            }
        }
        assertEquals(0, run(Optional.empty(), this::well, "table", temp.resolve("all.json")));
        String table = out.toString();
        assertRow(table, "kept indices of 1,000", "| equal | met |");
        assertRow(table, "all other kernels", "| equal; gate: differs at 3 | **not met** |");
        assertRow(table, "steps in BF16", "| 1.0e-02 | 2.0e-02 | **not met** |");
        assertRow(table, "64 greedy tokens", "| 64 of 64, each | met |");
        assertRow(table, "the same in BF16", "| 64 of 64; 17 of 64; 64 of 64; 64 of 64 |  |");
        assertRow(table, "the same of weights in int8 and int4, blocks of 32", "| 1.0e-02 | 9.0e-03 | met |");
        assertRow(table, "the same of weights in int8 and int4, FP32", "| 64 of 64; 40 of 64 |  |");
        assertRow(table, "embedding int4 | 2988", "| 24.00 (24.00 – 24.00) | 20.00 | 1.20 | 83.3 % |  |  |");
        assertRow(table, "routed / dense prefill, 2988", "| 0.530 | 0.529 (0.520 – 0.535) | met |");
        assertRow(table, "routed / dense prefill, 634", "| FLOPs 0.500 | 0.529 (0.520 – 0.535) |  |");
        assertRow(table, "dense prefill / PyTorch's (torch.compile, flash attention), 2988", "| 1.1 | 1.250 | **not met** |");
        assertRow(table, "dense prefill, 2988 tokens, ms", "| 100.00 (100.00 – 100.00) |  |");
        assertRow(after(table, "dense prefill, 2988 tokens, ms"), "its share of the measured matmul", "| 50.0 % |  |");
        assertRow(after(table, "routed prefill, 2988 tokens, ms"), "its share of the measured matmul", "| 40.0 % |  |");
        assertRow(after(table, "decode step behind 634"), "their share of the copy ceiling", "| 70.0 %; 75.0 % |  |");
        assertRow(table, "γ-MoD decode step behind 2988", "| 1.040 |  |");
        assertRow(after(table, "γ-MoD decode step behind 2988"), "share of its routed layers' work", "| 37.5 % |  |");
        assertRow(table, "gather_norm / gather and then the norm, 634", "| 0.500 |  |");
        assertRow(table, "gather then norm | 634", "% |  |  |");
        assertRow(table, "KV bytes by the entries", "| equal | equal | met |");
        assertRow(table, "KV bytes reserved", "| within | 1301, expected 1000 to 1300 | **not met** |");
        assertRow(table, "gather | 2988", "| 24.00 (24.00 – 24.00) | 6.00 | 4.00 | 25.0 % | 2 × floor | **not met** |");
        assertRow(table, "all of a layer | 2988", "| 20.00 | 1.20 | 83.3 % | 2 × floor | met |");
        assertRow(table, "gather | 634", "| 25 µs | met |");
        assertRow(table, "compute-sanitizer, memcheck", "| not measured yet |  |");
    }

    /** A step that is no number has no error that could be compared; a model that was not built has no tokens. */
    @Test
    void whatFailedIsNotCalledUnmeasured() throws IOException, InterruptedException {
        var all = Findings.begin(temp.resolve("all.json"));
        all.put("engines.pmod.bf16.steps.largest_error", Double.NaN);
        all.put("engines.pmod.bf16.steps.mismatch", "segment 3 (a | b)");
        all.put("engines.gamma.fp32.failed", "depthc build ended with exit code 1");
        assertEquals(0, run(Optional.empty(), this::well, "table", temp.resolve("all.json")));
        assertRow(out.toString(), "steps in BF16", "| pmod: segment 3 (a \\| b) | **not met** |");
        assertRow(out.toString(), "64 greedy tokens", "| gamma: depthc build ended with exit code 1 | **not met** |");
    }

    private static String after(String table, String begin) {
        return table.substring(table.indexOf("| " + begin));
    }

    /** What a layer appended less than a token for each step was discarded; dense layers do not count. */
    @Test
    void theShareThatWasDiscarded() {
        var round = new TimingStage.Round(1, List.of(1.0, 1.0, 1.0), new int[] {10, 5, 6}, new int[] {14, 6, 9}, 0);
        assertEquals(0.5, GammaStage.discarded(round, List.of(false, true, true)));
    }

    private static void assertRow(String table, String begin, String end) {
        String row = table.lines().filter(l -> l.startsWith("| " + begin)).findFirst().orElseThrow(() -> new AssertionError(begin + " is missing in\n" + table));
        assertTrue(row.endsWith(end), row);
    }
}
