// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli;

import static io.github.depthc.cli.CommandLineHarness.repository;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What the launcher does before there is a virtual machine. */
@DisabledOnOs(OS.WINDOWS)
final class LauncherTest {
    @TempDir
    private Path folder;

    @Test
    void aWrongJavaHomeIsNotPassedOver() throws Exception {
        for (String script : new String[] {"tools/find-jdk", "depthc"}) {
            var builder = new ProcessBuilder(repository(script).toString(), "--version").redirectErrorStream(true);
            builder.environment().put("DEPTHC_JAVA_HOME", folder.toString());
            assertEquals("2: depthc: DEPTHC_JAVA_HOME is " + folder + ", which is no JDK 25 or later; correct it or unset it\n", outcome(builder));
        }
    }

    @Test
    void theJavaHomeThatIsGivenIsTaken() throws Exception {
        var builder = new ProcessBuilder(repository("tools/find-jdk").toString());
        builder.environment().put("DEPTHC_JAVA_HOME", System.getProperty("java.home"));
        assertEquals("0: " + System.getProperty("java.home") + "\n", outcome(builder));
        // However it is spelt: the launcher builds again when its JDK is another one.
        builder.environment().put("DEPTHC_JAVA_HOME", System.getProperty("java.home") + "//");
        assertEquals("0: " + System.getProperty("java.home") + "\n", outcome(builder));
    }

    private static String outcome(ProcessBuilder builder) throws IOException, InterruptedException {
        Process process = builder.start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return process.waitFor() + ": " + text;
    }
}
