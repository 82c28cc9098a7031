// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Session start, memory and speed of bundles whose weights are stored in different ways, with and without prepacking: a
 * process of its own for each, in turns. Arguments: prompt tokens, steps, rounds, then bundles as {@code NAME=FOLDER}. Linux
 * only: it reads memory from {@code /proc}.
 */
public final class SessionStart {
    private static final int WARM = 3;

    private SessionStart() {
    }

    /** Runs the benchmark. */
    public static void main(String[] args) throws IOException, InterruptedException {
        int rounds = Integer.parseInt(args[2]);
        Results.header("Session start and memory: prefill of %s tokens, %s decode steps, %d rounds in turns".formatted(args[0], args[1], rounds));
        Map<String, List<double[]>> found = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
            for (String bundle : Arrays.copyOfRange(args, 3, args.length)) {
                String[] named = bundle.split("=", 2);
                for (boolean prepacking : new boolean[] {true, false}) {
                    warm(Path.of(named[1]));
                    found.computeIfAbsent(named[0] + (prepacking ? "" : ", not prepacked"), n -> new ArrayList<>())
                            .add(child(named[1], prepacking, args[0], args[1]));
                }
            }
        }
        var table = new Results().row("weights", "open and check bundle, ms", "session start, ms", "resident after start, MiB", "of that not files", "peak, MiB",
                "prefill, s", "decode, ms per token");
        for (Map.Entry<String, List<double[]>> e : found.entrySet()) {
            table.row(e.getKey(), text(e, 0, 1e3, 0), text(e, 1, 1e3, 0), text(e, 2, 1, 0), text(e, 3, 1, 0), text(e, 4, 1, 0), text(e, 5, 1, 2), text(e, 6, 1e3, 1));
        }
        table.print();
    }

    private static String text(Map.Entry<String, List<double[]>> e, int column, double factor, int decimals) {
        return Measured.of(e.getValue().stream().map(row -> row[column]).toList()).text(factor, decimals);
    }

    /** So that all find their files in the page cache. */
    private static void warm(Path bundle) throws IOException {
        try (Stream<Path> files = Files.walk(bundle)) {
            var buffer = new byte[1 << 20];
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                try (InputStream in = Files.newInputStream(file)) {
                    while (in.read(buffer) > 0) {
                        // reading is all
                    }
                }
            }
        }
    }

    private static double[] child(String bundle, boolean prepacking, String tokens, String steps) throws IOException, InterruptedException {
        var command = List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow", "-cp", System.getProperty("java.class.path"), Probe.class.getName(), bundle,
                Boolean.toString(prepacking), tokens, steps);
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String line = new String(process.getInputStream().readAllBytes()).strip();
        if (process.waitFor() != 0) {
            throw new IOException("the probe of " + bundle + " failed");
        }
        return Arrays.stream(line.split(" ")).mapToDouble(Double::parseDouble).toArray();
    }

    /** The process that loads one bundle; prints the columns of the table. */
    public static final class Probe {
        private Probe() {
        }

        /** Arguments: bundle, whether to prepack, prompt tokens, steps. */
        public static void main(String[] args) throws IOException {
            int tokens = Integer.parseInt(args[2]);
            int steps = Integer.parseInt(args[3]);
            // The library is loaded and its environment made before the clock starts.
            Graph.start(true);
            double before = status("VmRSS");
            double anonymous = status("RssAnon");
            long start = System.nanoTime();
            Bundle bundle = Bundle.open(Path.of(args[0]));
            double opened = seconds(start);
            start = System.nanoTime();
            try (OrtEngine engine = OrtEngine.open(bundle, OrtOptions.DEFAULT.withPrepacking(Boolean.parseBoolean(args[1]))); Slot slot = engine.open()) {
                double loaded = seconds(start);
                double resident = status("VmRSS") - before;
                double own = status("RssAnon") - anonymous;
                int[] prompt = new SplittableRandom(0).ints(tokens, 0, bundle.info().model().vocab()).toArray();
                try (Slot first = engine.open()) {
                    first.prefill(PromptInput.of(prompt));
                }
                start = System.nanoTime();
                slot.prefill(PromptInput.of(prompt));
                double prefill = seconds(start);
                var times = new ArrayList<Double>();
                for (int i = -WARM; i < steps; i++) {
                    start = System.nanoTime();
                    engine.step(List.of(slot), new int[] {1});
                    if (i >= 0) {
                        times.add(seconds(start));
                    }
                }
                System.out.printf(Locale.ROOT, "%f %f %f %f %f %f %f%n", opened, loaded, resident, own, status("VmHWM"), prefill, Measured.of(times).median());
            }
        }

        private static double seconds(long start) {
            return (System.nanoTime() - start) / 1e9;
        }

        /** A line of {@code /proc/self/status}, MiB. */
        private static double status(String name) throws IOException {
            return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(l -> l.startsWith(name + ":"))
                    .mapToDouble(l -> Double.parseDouble(l.replaceAll("[^0-9]", "")) / 1024).findFirst().orElseThrow();
        }
    }
}
