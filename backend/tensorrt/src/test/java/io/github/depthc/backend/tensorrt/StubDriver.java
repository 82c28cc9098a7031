// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A {@code libcuda.so.1} of a few lines of C. */
final class StubDriver {
    private StubDriver() {
    }

    /**
     * Compiles it into the folder; the test is skipped where there is no {@code cc}.
     *
     * @param own    C source of some functions
     * @param others what the functions return that it lacks; −1 to leave them out
     */
    static void compile(Path folder, String own, int others) throws IOException, InterruptedException {
        var source = new StringBuilder(own);
        for (Driver.Call call : Driver.Call.values()) {
            if (others >= 0 && !own.contains(call.symbol() + "(")) {
                source.append("int ").append(call.symbol()).append("() { return ").append(others).append("; }\n");
            }
        }
        Path file = Files.writeString(folder.resolve("stub.c"), source);
        Process compiler;
        try {
            compiler = new ProcessBuilder("cc", "-w", "-shared", "-fPIC", file.toString(), "-o", folder.resolve(Driver.LIBRARY).toString()).redirectErrorStream(true).start();
        } catch (IOException e) {
            assumeTrue(false, "no C compiler: there is no stand-in for the driver");
            return;
        }
        String output = new String(compiler.getInputStream().readAllBytes());
        assertEquals(0, compiler.waitFor(), output);
    }
}
