// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import ai.onnxruntime.OrtEnvironment;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Writes results to standard output as Markdown. */
final class Results {
    private final List<String[]> rows = new ArrayList<>();

    /** What was measured, on what and when. */
    static void header(String title) throws IOException {
        System.out.println("## " + title);
        var os = ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class);
        System.out.printf(Locale.ROOT, "%s · %s, %d cores, %.0f GiB · %s %s · JDK %s · load average at the start %.1f%n%n", LocalDate.now(), cpu(),
                os.getAvailableProcessors(), os.getTotalMemorySize() / (double) (1 << 30), os.getName(), os.getVersion().replaceAll("[^0-9.].*", ""),
                Runtime.version(), os.getSystemLoadAverage());
    }

    /** Version of the library, once it is loaded. */
    static String onnxRuntime() {
        return "ONNX Runtime " + OrtEnvironment.getEnvironment().getVersion();
    }

    static double load() {
        return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    }

    private static String cpu() throws IOException {
        Path info = Path.of("/proc/cpuinfo");
        if (!Files.isReadable(info)) {
            return System.getProperty("os.arch");
        }
        List<String> lines = Files.readAllLines(info);
        return field(lines, "model name") + " (family " + field(lines, "cpu family") + ", model " + field(lines, "model") + ")";
    }

    private static String field(List<String> lines, String name) {
        return lines.stream().filter(l -> l.split(":")[0].strip().equals(name)).map(l -> l.split(":", 2)[1].strip()).findFirst().orElse("?");
    }

    /** Adds a line; the first is the table's head. */
    Results row(Object... cells) {
        String[] texts = new String[cells.length];
        for (int i = 0; i < cells.length; i++) {
            texts[i] = cells[i] instanceof Double d ? String.format(Locale.ROOT, "%.3f", d) : String.valueOf(cells[i]);
        }
        rows.add(texts);
        return this;
    }

    void print() {
        for (int i = 0; i < rows.size(); i++) {
            System.out.println("| " + String.join(" | ", rows.get(i)) + " |");
            if (i == 0) {
                System.out.println("|" + "---|".repeat(rows.getFirst().length));
            }
        }
        System.out.println();
    }
}
