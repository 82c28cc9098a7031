// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What convert and run open, they close, whether they succeed or fail. */
@EnabledOnOs(OS.LINUX)
final class ResourcesTest {
    @TempDir
    private Path folder;

    /** Files of the folder that the process has open or mapped. */
    private List<String> held() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd")); Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            Stream<String> files = open.map(f -> {
                try {
                    return Files.readSymbolicLink(f).toString();
                } catch (IOException e) {
                    return ""; // the listing's own
                }
            });
            return Stream.concat(files.toList().stream(), maps.toList().stream()).filter(s -> s.contains(folder.toString())).toList();
        }
    }

    /** Kilobytes of memory that the process has. */
    private static long resident() throws IOException {
        System.gc();
        return Long.parseLong(Files.readAllLines(Path.of("/proc/self/status")).stream().filter(l -> l.startsWith("VmRSS:")).findFirst().orElseThrow()
                .replaceAll("\\D", ""));
    }

    /** Converts and runs so often; the least memory that the process had after a round, for it goes up and down by half. */
    private long rounds(int n, Path checkpoint, Path damaged) throws IOException {
        Path bundle = folder.resolve("bundle");
        long least = Long.MAX_VALUE;
        for (int i = 0; i < n; i++) {
            assertEquals(0, run("convert", checkpoint, "-o", bundle, "--force", "--weights", i % 2 == 0 ? "source" : "fp32").code());
            assertEquals(0, run("run", bundle, "--input-ids", "1,2,3", "--max-new-tokens", 4).code());
            assertEquals(2, run("run", bundle, "--input-ids", "1,2,3", "--candidates", "0:9").code());
            assertEquals(2, run("convert", damaged, "-o", folder.resolve("none")).code());
            assertEquals(List.of(), held());
            least = Math.min(least, resident());
        }
        return least;
    }

    @Test
    void fiftyConversionsHoldNothing() throws IOException {
        Path checkpoint = folder.resolve("checkpoint");
        Path damaged = folder.resolve("damaged");
        for (Path c : List.of(checkpoint, damaged)) {
            assertEquals(0, run("synth", "llama", "--hidden", 128, "--layers", 3, "--heads", 4, "--intermediate", 256, "--vocab", 4096, "-o", c).code());
        }
        Path weights = damaged.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        java.util.Arrays.fill(bytes, bytes.length - 4, bytes.length, (byte) 0xff);
        Files.write(weights, bytes);
        long before = rounds(10, checkpoint, damaged);
        int threads = Thread.activeCount();
        rounds(30, checkpoint, damaged);
        long grown = rounds(10, checkpoint, damaged) - before;
        assertTrue(Thread.activeCount() <= threads + 2, "threads");
        // A bundle has 6 MB: 40 of them that were held would be 240.
        assertTrue(grown < 100 << 10, grown + " kB more than after the first rounds");
    }
}
