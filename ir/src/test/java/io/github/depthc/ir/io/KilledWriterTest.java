// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a process that is ended while it writes leaves behind. */
final class KilledWriterTest {
    @TempDir
    private Path dir;

    /** The process: begins to write and waits for its end. */
    static final class Writer {
        private Writer() {
        }

        public static void main(String[] args) throws Exception {
            try (StagingFolder s = StagingFolder.open(Path.of(args[0]), false)) {
                Files.writeString(s.folder().resolve("half"), "x");
                System.out.println("writing");
                Thread.sleep(60_000);
            }
        }
    }

    private Process writer() throws IOException {
        Process p = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                System.getProperty("java.class.path"), Writer.class.getName(), dir.resolve("out").toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        assertEquals("writing", p.inputReader().readLine());
        return p;
    }

    private List<Path> left() throws IOException {
        try (var list = Files.list(dir)) {
            return list.toList();
        }
    }

    @Test
    void asksToEnd() throws IOException, InterruptedException {
        Process p = writer();
        assertEquals(1, left().size());
        p.destroy();
        assertTrue(p.waitFor(30, TimeUnit.SECONDS));
        assertEquals(List.of(), left());
    }

    @Test
    void killedOutright() throws IOException, InterruptedException {
        Process p = writer();
        p.destroyForcibly();
        assertTrue(p.waitFor(30, TimeUnit.SECONDS));
        assertEquals(1, left().size());
        StagingFolder.open(dir.resolve("out"), false).close();
        assertEquals(List.of(), left());
    }
}
