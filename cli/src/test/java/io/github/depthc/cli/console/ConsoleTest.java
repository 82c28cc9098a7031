// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class ConsoleTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @Test
    void ourTextIsReducedWhereTheTerminalKnowsAsciiAlone() {
        var console = new Console(out, err, false, Terminals.NONE);
        console.line("gate 0.2·tanh, 2048 × 1024 ≤ …");
        console.note("12 µs → 3 ± 1 – γ");
        console.flush();
        assertEquals("gate 0.2.tanh, 2048 x 1024 <= ...\n", out.toString(StandardCharsets.UTF_8));
        assertEquals("12 us -> 3 +- 1 - gamma\n", err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void aModelsTextIsNeverChanged() {
        var console = new Console(out, err, false, Terminals.NONE);
        console.text("naïve “”…");
        assertEquals("naïve “”…", out.toString(StandardCharsets.UTF_8));
    }

    @Test
    void aReaderThatIsGoneIsToldApart() {
        OutputException e = assertThrows(OutputException.class, () -> failing("Broken pipe").text("x"));
        assertTrue(e.readerGone());
    }

    @Test
    void workGoesOnWithoutAReader() {
        Console console = failing("Broken pipe");
        console.line("x".repeat(100_000));
        console.note("y");
        console.line("z");
        assertEquals("y\n", err.toString(StandardCharsets.UTF_8));
        assertThrows(OutputException.class, () -> failing("No space left on device").line("x".repeat(100_000)));
    }

    @Test
    void aRemarkComesAfterWhatWasPrintedBefore() {
        var both = new ByteArrayOutputStream();
        var console = new Console(both, both, true, Terminals.NONE);
        console.line("plan");
        console.note("remark");
        console.line("end");
        console.flush();
        assertEquals("plan\nremark\nend\n", both.toString(StandardCharsets.UTF_8));
    }

    @Test
    void afullDiskIsAFailure() {
        Console console = failing("No space left on device");
        OutputException e = assertThrows(OutputException.class, () -> console.text("x"));
        assertFalse(e.readerGone());
        assertEquals("standard output: No space left on device", e.getMessage());
    }

    @Test
    void whatALibraryPrintsIsCheckedAtTheEnd() {
        Console console = failing("Broken pipe");
        console.writer().println("help");
        assertThrows(OutputException.class, console::flush);
    }

    private Console failing(String message) {
        return new Console(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException(message);
            }
        }, err, true, Terminals.NONE);
    }
}
