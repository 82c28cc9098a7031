// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Signals as processes of Linux inherit them. */
public final class PosixSignals {
    private static final Path STATUS = Path.of("/proc/self/status");

    private PosixSignals() {
    }

    /**
     * Goes no further where a process started here would ignore a signal, which is what a shell's {@code &} does to SIGINT and {@code nohup} to SIGHUP,
     * or where nothing says so.
     */
    public static void assumeHeard(int signal) throws IOException {
        assumeTrue(Files.isReadable(STATUS), "signals are read from Linux's /proc");
        String ignored = Files.readAllLines(STATUS).stream().filter(l -> l.startsWith("SigIgn:")).findFirst().orElse("SigIgn: 0");
        long bits = Long.parseUnsignedLong(ignored.substring("SigIgn:".length()).strip(), 16);
        assumeTrue((bits & 1L << signal - 1) == 0, () -> "signal " + signal + " is ignored where this runs");
    }
}
