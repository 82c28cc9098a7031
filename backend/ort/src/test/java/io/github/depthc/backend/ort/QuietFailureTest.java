// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.HostTensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the library itself prints of a failure that becomes an exception. */
final class QuietFailureTest {
    @TempDir
    private Path dir;

    /** The process, because the library writes past {@code System.err}: asks for memory that no machine has. */
    static final class Failing {
        private Failing() {
        }

        public static void main(String[] args) {
            Region graph = Parser.region(new SourceText("test", """
                    graph(%x: f32[n, 1], %w: f32[m, 1]) {
                      %y = linear(%x, %w) : f32[n, m]
                      yield %y
                    }
                    """), BuiltinOps.SET);
            try (Executor.Program program = new OrtExecutor(OrtOptions.DEFAULT).compile(graph, WeightStore.EMPTY)) {
                HostTensor large = HostTensor.of(new float[1 << 24], 1 << 24, 1);
                program.run(Map.of("x", large, "w", large));
            } catch (UncheckedIOException e) {
                System.out.print(e.getCause().getMessage());
            }
        }
    }

    @Test
    void theExceptionIsAll() throws IOException, InterruptedException {
        Path out = dir.resolve("out");
        Path err = dir.resolve("err");
        Process p = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED", "-cp",
                System.getProperty("java.class.path"), Failing.class.getName()).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        assertTrue(p.waitFor(60, TimeUnit.SECONDS));
        assertEquals("", Files.readString(err));
        assertTrue(Files.readString(out).startsWith("ONNX Runtime failed: "), Files.readString(out));
    }
}
