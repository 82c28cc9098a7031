// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import static io.github.depthc.cli.CommandLineHarness.process;
import static io.github.depthc.cli.CommandLineHarness.repository;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.cli.PosixSignals;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A conversion that is ended while it measures. */
final class InterruptedCalibrationTest {
    private static final int SIGNALLED = 128;
    private static final int SIGINT = 2;
    private static final int SIGTERM = 15;

    @TempDir
    private Path folder;

    /** It ends by the signal, as a shell expects it of Ctrl-C, and says where what it has measured is. */
    @Test
    @Timeout(180)
    void saysWhereTheMeasurementsAre() throws IOException, InterruptedException {
        PosixSignals.assumeHeard(SIGINT);
        PosixSignals.assumeHeard(SIGTERM);
        Path story = repository("samples/data/tinystories_sample.txt");
        Path text = Files.writeString(folder.resolve("many.txt"), (Files.readString(story).strip() + "\n<|endoftext|>\n").repeat(60));
        Path journal = folder.resolve(".bundle.allocate.jsonl");
        for (int signal : new int[] {SIGINT, SIGTERM}) {
            Path said = folder.resolve("said.txt");
            Process convert = process("convert", repository("samples/checkpoints/stories260k"), "-o", folder.resolve("bundle"), "--budget", 0.6, "--calibration", text, "--samples", 300)
                    .directory(folder.toFile()).redirectError(said.toFile()).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
            try {
                long before = lines(journal);
                while (lines(journal) < before + 3) {
                    assertTrue(convert.isAlive(), () -> "it ended before");
                    Thread.sleep(20);
                }
                assertEquals(0, new ProcessBuilder("kill", "-" + signal, Long.toString(convert.pid())).start().waitFor());
                assertEquals(SIGNALLED + signal, convert.waitFor());
            } finally {
                convert.destroyForcibly().waitFor();
            }
            List<String> lines = Files.readAllLines(said);
            assertTrue(lines.getLast().matches("Interrupted; \\d+ measurements are kept in \\Q" + journal + "\\E: the same command goes on from there; remove the file to measure anew\\."), lines.toString());
            assertEquals(signal == SIGTERM, lines.stream().anyMatch(l -> l.startsWith("Goes on with ")), lines.toString());
        }
        try (var left = Files.list(folder)) {
            assertEquals(List.of(".bundle.allocate.jsonl", "many.txt", "said.txt"), left.map(f -> f.getFileName().toString()).sorted().toList());
        }
    }

    private static long lines(Path file) throws IOException {
        return Files.exists(file) ? Files.readAllLines(file).size() : 0;
    }
}
