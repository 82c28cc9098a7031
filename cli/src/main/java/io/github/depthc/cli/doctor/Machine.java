// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.doctor;

import com.sun.management.OperatingSystemMXBean;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.cli.console.Units;
import io.github.depthc.cli.doctor.Check.State;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** What this machine has. */
public final class Machine {
    private static final int LEAST_JDK = 25;
    private static final long LITTLE_MEMORY = 2L << 30;
    private static final long LITTLE_DISK = 1L << 30;

    private Machine() {
    }

    /** All checks; {@code folder} is where bundles would be written. */
    public static List<Check> checks(Path folder) {
        var checks = new ArrayList<>(List.of(system(), jdk(), cores(), memoryCheck(), disk(folder), onnxRuntime()));
        checks.addAll(Gpus.checks());
        return checks;
    }

    private static Check system() {
        return new Check("system", "System", State.OK,
                System.getProperty("os.name") + " " + System.getProperty("os.version") + ", " + System.getProperty("os.arch"));
    }

    private static Check jdk() {
        int feature = Runtime.version().feature();
        return new Check("jdk", "JDK", feature >= LEAST_JDK ? State.OK : State.PROBLEM, Runtime.version() + " (" + System.getProperty("java.vendor")
                + "), heap up to " + Units.bytes(Runtime.getRuntime().maxMemory()) + (feature >= LEAST_JDK ? "" : "; needs " + LEAST_JDK));
    }

    private static Check cores() {
        return new Check("cores", "Cores", State.OK, Integer.toString(Runtime.getRuntime().availableProcessors()));
    }

    /** Bytes of memory that the machine, or the container, has; empty where that cannot be known. */
    public static OptionalLong memory() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean os ? OptionalLong.of(os.getTotalMemorySize()) : OptionalLong.empty();
    }

    /** The machine in a few words: its processor, where the system says which, and how many cores may be used. */
    public static String brief() {
        int cores = Runtime.getRuntime().availableProcessors();
        return processor().orElse(System.getProperty("os.name") + " on " + System.getProperty("os.arch")) + ", " + cores + (cores == 1 ? " core" : " cores");
    }

    private static Optional<String> processor() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(l -> l.startsWith("model name")).map(l -> l.substring(l.indexOf(':') + 1).strip()).filter(l -> !l.isEmpty()).findFirst();
        } catch (IOException | UncheckedIOException e) {
            return Optional.empty();
        }
    }

    private static Check memoryCheck() {
        OptionalLong known = memory();
        if (known.isEmpty()) {
            return new Check("memory", "Memory", State.OK, "unknown");
        }
        long total = known.getAsLong();
        return new Check("memory", "Memory", total < LITTLE_MEMORY ? State.PROBLEM : State.OK, Units.bytes(total)
                + (total < LITTLE_MEMORY ? "; small models only" : "; weights and the KV cache must fit"));
    }

    private static Check disk(Path folder) {
        try {
            long free = Files.getFileStore(folder).getUsableSpace();
            return new Check("disk", "Disk", free < LITTLE_DISK ? State.PROBLEM : State.OK, Units.bytes(free) + " free in " + folder);
        } catch (IOException e) {
            return new Check("disk", "Disk", State.PROBLEM, folder + ": " + e.getMessage());
        }
    }

    private static Check onnxRuntime() {
        try {
            return new Check("onnxruntime", "ONNX Runtime", State.OK, OrtEngine.library());
        } catch (UncheckedIOException e) {
            return new Check("onnxruntime", "ONNX Runtime", State.PROBLEM, e.getCause().getMessage());
        }
    }
}
