// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Terminals;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TypeException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

final class ErrorsTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Console console = new Console(new ByteArrayOutputStream(), err, true, Terminals.NONE);

    @Test
    void badInputIsTwo() {
        assertEquals(2, report(new InputException("config.json: wrong")));
        assertEquals("depthc: config.json: wrong\n", text());
    }

    @Test
    void attributesThatDoNotFitAreBadInput() {
        assertEquals(2, report(new TypeException("ratio is 7.0, expected 0 to 1")));
    }

    @Test
    void inputAndOutputFailuresAreOneAndNameTheFile() {
        assertEquals(1, report(new IOException("out/w.bin: No space left on device")));
        assertEquals(1, report(new UncheckedIOException(new NoSuchFileException("a/b"))));
        assertEquals(1, report(new AccessDeniedException("c")));
        assertEquals("depthc: out/w.bin: No space left on device\ndepthc: a/b: no such file or folder\ndepthc: c: permission denied\n", text());
    }

    @Test
    void aMessageIsOneLine() {
        report(new InputException("first\n   second"));
        assertEquals("depthc: first second\n", text());
    }

    @Test
    void aPathThatCannotBeIsBadInput() {
        assertEquals(2, report(new InvalidPathException("b?", "Malformed input or input contains unmappable characters")));
        assertEquals("depthc: 'b?' is no path that this locale can pass on; set a UTF-8 locale, such as LC_ALL=C.UTF-8\n", text());
    }

    @Test
    void controlCharactersAreWrittenOut() {
        report(new InputException("a\u001b[31mb\u0007\u009b\u202ec: wrong"));
        assertEquals("depthc: a\\u001b[31mb\\u0007\\u009b\\u202ec: wrong\n", text());
    }

    @Test
    void memoryIsSpokenOf() {
        assertEquals(1, report(new OutOfMemoryError("Java heap space")));
        assertTrue(text().matches("depthc: out of memory: the Java heap of \\d+ MiB is full\n"), text());
    }

    @Test
    void anythingElseIsOurFaultAndHidesItsTrace() {
        assertEquals(1, report(new IllegalStateException("odd")));
        assertEquals("depthc: internal error: IllegalStateException: odd\nRun again with --stacktrace to see where, and please report it.\n", text());
    }

    @Test
    void theTraceIsShownOnRequest() {
        assertEquals(1, new Errors(console, () -> true).report(new IllegalStateException("odd")));
        assertTrue(text().contains("at " + ErrorsTest.class.getName()), text());
    }

    private int report(Throwable e) {
        return new Errors(console, () -> false).report(e);
    }

    private String text() {
        return err.toString(StandardCharsets.UTF_8);
    }
}
