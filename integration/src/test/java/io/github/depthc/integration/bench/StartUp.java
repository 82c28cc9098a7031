// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Times whole commands, from start to end of the process, in turns. Arguments: launcher, folder to work in, rounds, checkpoint. */
public final class StartUp {
    private StartUp() {
    }

    /** Runs the benchmark. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Path work = Path.of(args[1]);
        int rounds = Integer.parseInt(args[2]);
        Results.header("Start of commands, %d rounds in turns".formatted(rounds));
        Map<String, List<String>> commands = new LinkedHashMap<>();
        String bundle = work.resolve("bundle").toString();
        commands.put("--help", List.of("--help"));
        commands.put("convert stories260k", List.of("convert", args[3], "-o", bundle, "--force"));
        commands.put("run stories260k, 20 tokens", List.of("run", bundle, "--prompt", "Once upon a time", "--max-new-tokens", "20"));
        commands.put("convert stories260k, ARank", List.of("convert", args[3], "-o", work.resolve("ranked").toString(), "--force", "--layers", "arank:2"));
        Map<String, List<Double>> times = new LinkedHashMap<>();
        for (int round = -1; round < rounds; round++) {
            for (Map.Entry<String, List<String>> c : commands.entrySet()) {
                double seconds = time(args[0], c.getValue());
                if (round >= 0) {
                    times.computeIfAbsent(c.getKey(), n -> new ArrayList<>()).add(seconds);
                }
            }
        }
        var table = new Results().row("depthc …", "s, median (quartiles)", "least s");
        times.forEach((name, t) -> table.row(name, Measured.of(t).text(1, 3), String.format(Locale.ROOT, "%.3f", t.stream().mapToDouble(s -> s).min().orElseThrow())));
        table.print();
    }

    private static double time(String launcher, List<String> arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(Arrays.asList(launcher));
        command.addAll(arguments);
        long start = System.nanoTime();
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + " failed: " + output);
        }
        return (System.nanoTime() - start) / 1e9;
    }
}
