// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ProgressTest {
    private static final long SECOND = 1_000_000_000;

    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Console console = new Console(new ByteArrayOutputStream(), err, false, Terminals.NONE);
    private long now;

    @Test
    void quickWorkShowsNothing() {
        try (var progress = new Progress(console, 80, () -> now)) {
            progress.at("ARank", 1, 2);
            now = SECOND / 10;
            progress.at("ARank", 2, 2);
        }
        assertEquals("", text());
    }

    @Test
    void aTerminalLineIsDrawnOverAndTakenAway() {
        try (var progress = new Progress(console, 80, () -> now)) {
            progress.at("ARank", 0, 4);
            now = SECOND;
            progress.at("ARank", 1, 4);
        }
        String line = "ARank  ######..................  25.0 %, 3.00 s left";
        assertEquals(line + "\r" + " ".repeat(line.length()) + "\r", text());
    }

    @Test
    void theTimeLeftCountsFromTheBeginningOfTheWork() {
        try (var progress = new Progress(console, 0, () -> now)) {
            progress.at("a.bin", 0, 100);
            now = 10 * SECOND;
            progress.at("b.bin", 50, 100);
            now = 20 * SECOND;
            progress.at("next", 0, 10);
            now = 30 * SECOND;
            progress.at("next", 2, 10);
        }
        assertEquals("depthc: b.bin  50.0 %, 10.0 s left\ndepthc: next  0.0 %\ndepthc: next  20.0 %, 40.0 s left\n", text());
    }

    @Test
    void aBetterGuessOfTheWholeIsNoNewWork() {
        try (var progress = new Progress(console, 0, () -> now)) {
            progress.at("measuring", 0, 100);
            now = 10 * SECOND;
            progress.at("measuring", 50, 100);
            now = 20 * SECOND;
            progress.at("measuring", 100, 400);
            now = 30 * SECOND;
            progress.at("next", 0, 10);
            now = 40 * SECOND;
            progress.at("next", 8, 10);
        }
        assertEquals("depthc: measuring  50.0 %, 10.0 s left\ndepthc: measuring  25.0 %, 1 min 00 s left\ndepthc: next  0.0 %\ndepthc: next  80.0 %, 2.50 s left\n", text());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"59 | ARank  ######..................  25.0 %, 3.00 s left", "58 | ARank  25.0 %, 3.00 s left", "12 | ARank  25.0"})
    void aLineIsNotBroken(int columns, String line) {
        try (var progress = new Progress(console, columns, () -> now)) {
            now = SECOND;
            progress.at("ARank", 0, 4);
            now = 2 * SECOND;
            progress.at("ARank", 1, 4);
        }
        assertTrue(text().contains("\r" + line + "\r"), text());
    }

    @Test
    void elsewhereALineIsPrintedNowAndThen() {
        try (var progress = new Progress(console, 0, () -> now)) {
            progress.at("writing", 0, 100);
            now = 9 * SECOND;
            progress.at("writing", 10, 100);
            now = 10 * SECOND;
            progress.at("writing", 50, 100);
            now = 11 * SECOND;
            progress.at("writing", 60, 100);
        }
        assertEquals("depthc: writing  50.0 %, 10.0 s left\n", text());
    }

    private String text() {
        return err.toString(StandardCharsets.UTF_8);
    }
}
