// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.depthc.cli.PosixSignals;
import io.github.depthc.ir.io.StagingFolder;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A process that is ended while a native library builds something into a folder. In the library's place is one that ends the process badly where its own end comes while it works. */
final class InterruptedBuildTest {
    private static final String LIBRARY = """
            #include <stdlib.h>
            #include <unistd.h>
            static volatile int working;
            void work(void) { working = 1; sleep(60); working = 0; }
            __attribute__((destructor)) static void end(void) { if (working) abort(); }
            """;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"TERM, 15", "INT, 2", "HUP, 1"})
    @Timeout(120)
    void itCleansUpAndEndsByTheSignal(String signal, int number) throws IOException, InterruptedException {
        PosixSignals.assumeHeard(number);
        Path library = compile();
        Path engines = Files.createDirectory(folder.resolve("engines"));
        Process build = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED", "-XX:-CreateCoredumpOnCrash", "-cp",
                System.getProperty("java.class.path"), Building.class.getName(), library.toString(), engines.resolve("gpu").toString()).directory(folder.toFile())
                .redirectErrorStream(true).start();
        try {
            assertEquals('!', build.getInputStream().read(), "it did not begin");
            Thread.sleep(200); // until the library works
            assertEquals(0, new ProcessBuilder("kill", "-" + signal, String.valueOf(build.pid())).start().waitFor());
            assertTrue(build.waitFor(30, TimeUnit.SECONDS), "it goes on");
            assertEquals(128 + number, build.exitValue());
            try (var left = Files.list(engines)) {
                assertEquals(List.of(), left.toList());
            }
        } finally {
            build.destroyForcibly();
        }
    }

    private Path compile() throws IOException, InterruptedException {
        Path source = Files.writeString(folder.resolve("builder.c"), LIBRARY);
        Path made = folder.resolve("libbuilder.so");
        try {
            assertEquals(0, new ProcessBuilder("cc", "-shared", "-fPIC", source.toString(), "-o", made.toString()).redirectErrorStream(true).start().waitFor());
        } catch (IOException e) {
            assumeTrue(false, "no C compiler");
        }
        return made;
    }

    /** The process: a library's path, and a folder that is to be made. */
    static final class Building {
        private Building() {
        }

        @SuppressWarnings("restricted")
        public static void main(String[] args) throws Throwable {
            var work = Linker.nativeLinker().downcallHandle(SymbolLookup.libraryLookup(Path.of(args[0]), Arena.global()).findOrThrow("work"), FunctionDescriptor.ofVoid());
            try (StagingFolder staging = StagingFolder.open(Path.of(args[1]), true); LastWords _ = LastWords.of(staging::abandon)) {
                Files.writeString(staging.folder().resolve("segment-000.engine"), "engine");
                System.out.print('!');
                System.out.flush();
                work.invokeExact();
            }
        }
    }
}
