// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.tensorrt.GpuSupport;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Checks the GPU path on a machine with a GPU; started by {@code tools/gpu-check}, which says how.
 *
 * <p>Exit codes: 0 all stages that were asked for are done, 1 some failed (which is a result, and the others are run all the same), 2 the machine lacks
 * something or the arguments are wrong.
 */
public final class GpuCheck {
    private static final int DONE = 0;
    private static final int FAILED = 1;
    private static final int CANNOT = 2;
    private static final String USAGE = "expected: pack OUT_DIR, run RESULT_DIR [--work DIR] [--layers N] [STAGE…], or table [JSON]";
    private static final int LAYERS = 8;

    private final Supplier<Optional<String>> missing;
    private final Runner runner;
    private final PrintStream out;
    private final PrintStream err;

    /** Runs a stage in a process of its own. */
    interface Runner {
        Processes.Ended run(Stage stage, Setting setting) throws IOException, InterruptedException;
    }

    /** @param missing what this machine lacks, in one line */
    GpuCheck(Supplier<Optional<String>> missing, Runner runner, PrintStream out, PrintStream err) {
        this.missing = missing;
        this.runner = runner;
        this.out = out;
        this.err = err;
    }

    /** Runs the program. */
    public static void main(String[] args) throws InterruptedException {
        Runner runner = (stage, setting) -> Processes.show(Processes.stage(stage, setting), stage.limit());
        System.exit(new GpuCheck(GpuSupport::check, runner, System.out, System.err).run(args));
    }

    int run(String... args) throws InterruptedException {
        try {
            if (args.length > 0 && args[0].equals("table")) {
                return table(args.length > 1 ? Optional.of(Path.of(args[1])) : Optional.empty());
            }
            if (args.length > 2 && args[0].equals("stage")) {
                return stage(stageOf(args[1]), setting(args, 2));
            }
            if (args.length > 1 && args[0].equals("run")) {
                return all(setting(args, 1), stages(args));
            }
            throw new InputException(USAGE);
        } catch (InputException e) {
            err.println("gpu-check: " + e.getMessage());
            return CANNOT;
        } catch (IOException e) {
            err.println("gpu-check: " + e.getMessage());
            return FAILED;
        }
    }

    private static Setting setting(String[] args, int results) {
        Path work = Path.of(System.getProperty("java.io.tmpdir"), "depthc-gpu-check");
        int layers = LAYERS;
        for (int i = results + 1; i < args.length; i++) {
            if (args[i].startsWith("--")) {
                String option = args[i];
                String value = ++i < args.length ? args[i] : "";
                switch (option) {
                    case "--work" -> work = Path.of(value);
                    case "--layers" -> layers = value.matches("[1-9]\\d{0,2}") ? Integer.parseInt(value) : 0;
                    default -> throw new InputException("the option " + option + " is unknown; " + USAGE);
                }
                if (value.isEmpty() || layers < 4) {
                    throw new InputException(option + " is '" + value + "', expected " + (option.equals("--work") ? "a folder" : "a number of layers, 4 to 999"));
                }
            }
        }
        Path root = Path.of(System.getProperty("depthc.root"));
        return new Setting(root, Path.of(args[results]).toAbsolutePath(), work.toAbsolutePath(), layers);
    }

    private static List<Stage> stages(String[] args) {
        var named = new ArrayList<Stage>();
        for (int i = 2; i < args.length; i++) {
            if (args[i].startsWith("--")) {
                i++;
            } else {
                named.add(stageOf(args[i]));
            }
        }
        return named.isEmpty() ? List.of(Stage.values()) : named.stream().sorted().distinct().toList();
    }

    private static Stage stageOf(String text) {
        return Arrays.stream(Stage.values()).filter(s -> s.text().equals(text)).findFirst()
                .orElseThrow(() -> new InputException("the stage " + text + " is unknown, expected some of " + Arrays.stream(Stage.values()).map(Stage::text).toList()));
    }

    private int all(Setting setting, List<Stage> stages) throws IOException, InterruptedException {
        Optional<String> lacks = missing.get();
        if (lacks.isPresent()) {
            throw new InputException("nothing was measured: " + lacks.get());
        }
        Files.createDirectories(setting.results());
        Files.createDirectories(setting.work());
        // what is kept of earlier runs is read before the GPU's time is spent
        tableOf(setting.results(), found(setting, Stream.of(Stage.values()).filter(s -> !stages.contains(s)).toList()));
        boolean well = true;
        for (Stage stage : stages) {
            out.println(stage.text() + "…");
            Files.deleteIfExists(file(setting, stage));
            long start = System.nanoTime();
            Processes.Ended ended = runner.run(stage, setting);
            Findings findings = Findings.read(file(setting, stage));
            findings.put("seconds", (System.nanoTime() - start) / 1e9);
            if (!ended.well() && (findings.outcome().equals("not ended") || findings.outcome().equals("not run"))) {
                findings.outcome("the process did not end well: " + ended.text());
            }
            out.println(stage.text() + ": " + findings.outcome());
            well &= ended.well();
            try {
                merge(setting);
            } catch (InputException e) {
                // the stages after this one are run all the same
                err.println("gpu-check: " + e.getMessage());
                well = false;
            }
        }
        return well ? DONE : FAILED;
    }

    /** All stages' findings in one file, and the table of them. */
    private static void merge(Setting setting) throws IOException {
        Path json = setting.results().resolve("gpu.json");
        var all = Findings.begin(json);
        for (var stage : found(setting, List.of(Stage.values())).properties()) {
            all.put(stage.getKey(), stage.getValue());
        }
        all.outcome("done");
        Files.writeString(setting.results().resolve("gpu.md"), tableOf(json, all.json()));
    }

    /** What these stages found, each below its name, where they ran. */
    private static ObjectNode found(Setting setting, List<Stage> stages) throws IOException {
        ObjectNode found = new ObjectMapper().createObjectNode();
        for (Stage stage : stages) {
            if (Files.isRegularFile(file(setting, stage))) {
                found.set(stage.text(), Findings.read(file(setting, stage)).json());
            }
        }
        return found;
    }

    private static String tableOf(Path where, JsonNode found) {
        try {
            return GpuTable.of(found);
        } catch (InputException e) {
            throw new InputException(where + ": " + e.getMessage(), e);
        }
    }

    private static Path file(Setting setting, Stage stage) {
        return setting.results().resolve(stage.text() + ".json");
    }

    private int stage(Stage stage, Setting setting) throws IOException, InterruptedException {
        Findings findings = Findings.begin(file(setting, stage));
        try {
            stage.run(setting, findings);
            findings.outcome("done");
            return DONE;
        } catch (StageFailure e) {
            findings.outcome("failed: " + e.getMessage());
        } catch (IOException | RuntimeException | Error e) {
            // whatever it is, the stages after this one are run, and the trace is for the log
            e.printStackTrace(err);
            findings.outcome("failed: " + e);
        }
        return FAILED;
    }

    private int table(Optional<Path> json) throws IOException {
        if (json.isPresent() && !Files.isRegularFile(json.get())) {
            throw new InputException(json.get() + " does not exist; expected the gpu.json of a run");
        }
        if (json.isPresent()) {
            JsonNode found = Findings.object(json.get(), "the gpu.json of a run");
            if (Stream.of(Stage.values()).noneMatch(s -> found.has(s.text()))) {
                throw new InputException(json.get() + ": has no stage, such as " + Stage.KERNELS.text() + "; expected the gpu.json of a run");
            }
            out.print(tableOf(json.get(), found));
        } else {
            out.print(GpuTable.of(new ObjectMapper().createObjectNode()));
        }
        return DONE;
    }
}
