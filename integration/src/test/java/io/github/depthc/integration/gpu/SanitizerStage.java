// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The kernels' cases under NVIDIA's compute-sanitizer, where the machine has it. */
final class SanitizerStage {
    private static final List<String> TOOLS = List.of("memcheck", "racecheck", "synccheck");
    private static final Duration LIMIT = Duration.ofMinutes(8).dividedBy(TOOLS.size());
    private static final int FOUND = 99;

    private SanitizerStage() {
    }

    static void run(Setting setting, Findings findings) throws IOException, InterruptedException {
        Path sanitizer = Processes.find("compute-sanitizer", Path.of("/usr/local/cuda/bin"), Path.of("/usr/local/cuda/compute-sanitizer"))
                .orElseThrow(() -> new StageFailure("compute-sanitizer is not on the PATH and not in /usr/local/cuda"));
        var bad = new ArrayList<String>();
        for (String tool : TOOLS) {
            Path own = Files.createDirectories(setting.work().resolve("sanitizer-" + tool));
            var command = new ArrayList<>(List.of(sanitizer.toString(), "--tool", tool, "--target-processes", "all", "--error-exitcode", String.valueOf(FOUND)));
            command.addAll(Processes.stage(Stage.KERNELS, new Setting(setting.root(), own, setting.work(), setting.layers())));
            Processes.Ended ended = Processes.run(command, LIMIT);
            findings.put(tool + ".ended", ended.text());
            findings.put(tool + ".summary", ended.output().lines().filter(l -> l.contains("ERROR SUMMARY") || l.contains("RACECHECK SUMMARY"))
                    .map(l -> l.replaceFirst("^=+ *", "")).collect(Collectors.joining("; ")));
            if (!ended.well()) {
                findings.put(tool + ".output", ended.output().lines().limit(60).toList());
                bad.add(tool);
            }
        }
        if (!bad.isEmpty()) {
            throw new StageFailure(String.join(", ", bad) + " did not end well");
        }
    }
}
