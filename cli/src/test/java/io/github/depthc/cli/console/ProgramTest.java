// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

final class ProgramTest {
    @Test
    void isCalledAsTheLauncherWas() {
        assertEquals("depthc", Program.command());
        try {
            System.setProperty("depthc.command", "/opt/my tools/depthc");
            assertEquals("'/opt/my tools/depthc'", Program.command());
        } finally {
            System.clearProperty("depthc.command");
        }
    }
}
