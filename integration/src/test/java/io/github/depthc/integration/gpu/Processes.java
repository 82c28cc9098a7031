// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Other programs, and this one once more. */
final class Processes {
    private Processes() {
    }

    /**
     * How a program ended.
     *
     * @param code   its exit code; empty where it was ended because its time was over
     * @param output of both streams
     */
    record Ended(Optional<Integer> code, String output) {
        boolean well() {
            return code.isPresent() && code.get() == 0;
        }

        /** In words: {@code exit code 139}. */
        String text() {
            return code.map(c -> "exit code " + c).orElse("its time was over");
        }
    }

    /** Runs a program and collects what it writes. */
    static Ended run(List<String> command, Duration limit) throws IOException, InterruptedException {
        Path output = Files.createTempFile("gpu-check", ".log");
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).redirectInput(new File("/dev/null")).start();
            Optional<Integer> code = ended(process, limit);
            return new Ended(code, new String(Files.readAllBytes(output), StandardCharsets.UTF_8));
        } finally {
            Files.delete(output);
        }
    }

    /** Runs a program whose output goes where this one's goes. */
    static Ended show(List<String> command, Duration limit) throws IOException, InterruptedException {
        return new Ended(ended(new ProcessBuilder(command).inheritIO().start(), limit), "");
    }

    private static Optional<Integer> ended(Process process, Duration limit) throws InterruptedException {
        try {
            return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS) ? Optional.of(process.exitValue()) : Optional.empty();
        } finally {
            if (process.isAlive()) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly().waitFor();
            }
        }
    }

    /** The command that runs one stage of this program with the same Java. */
    static List<String> stage(Stage stage, Setting setting) {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-Ddepthc.root=" + setting.root(), "-cp", System.getProperty("java.class.path"), GpuCheck.class.getName(), "stage", stage.text(), setting.results().toString(),
                "--work", setting.work().toString(), "--layers", String.valueOf(setting.layers())));
        return command;
    }

    /** A program on the PATH or in one of these folders. */
    static Optional<Path> find(String program, Path... folders) {
        String[] path = System.getenv().getOrDefault("PATH", "").split(File.pathSeparator);
        return java.util.stream.Stream.concat(Arrays.stream(path).map(Path::of), Arrays.stream(folders)).map(folder -> folder.resolve(program))
                .filter(Files::isExecutable).findFirst();
    }
}
