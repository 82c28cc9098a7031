// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import static io.github.depthc.cli.CommandLineHarness.process;
import static io.github.depthc.cli.CommandLineHarness.repository;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A conversion that is ended while NVRTC compiles. */
final class InterruptedCompilationTest {
    private static final int TERMINATED = 128 + 15;
    private static final long SIGNAL_BITS = 1L << 1 | 1L << 14;

    @TempDir
    private Path folder;

    /** A virtual machine that runs its shutdown beside the compiler's threads crashes now and then, so that what decides is who gets the signal. */
    @Test
    @Timeout(120)
    void endsAtOnceAndLeavesNothing() throws IOException, InterruptedException {
        assumeTrue(Files.isReadable(Path.of("/proc/self/status")), "signals are read from Linux's /proc");
        Process convert = process("convert", repository("samples/checkpoints/stories260k"), "-o", folder.resolve("new/bundle"), "--target", "tensorrt").directory(folder.toFile()).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        try {
            while (catches(convert) || !compiles(convert)) {
                assertTrue(convert.isAlive(), "it ended, and caught signals until then");
                Thread.sleep(20);
            }
            convert.destroy();
            assertTrue(convert.waitFor(30, TimeUnit.SECONDS), "it goes on");
            assertEquals(TERMINATED, convert.exitValue());
            try (var left = Files.list(folder)) {
                assertEquals(List.of(), left.toList(), "a bundle's part, or the report of a crash");
            }
        } finally {
            convert.destroyForcibly();
        }
    }

    private static boolean compiles(Process process) throws IOException {
        return Files.readString(Path.of("/proc", String.valueOf(process.pid()), "maps")).contains("libnvrtc.so");
    }

    /** Whether the virtual machine handles SIGINT or SIGTERM. */
    private static boolean catches(Process process) throws IOException {
        String caught = Files.readAllLines(Path.of("/proc", String.valueOf(process.pid()), "status")).stream().filter(l -> l.startsWith("SigCgt:")).findFirst().orElse("SigCgt: 0");
        return (Long.parseUnsignedLong(caught.substring("SigCgt:".length()).strip(), 16) & SIGNAL_BITS) != 0;
    }
}
