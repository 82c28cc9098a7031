// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static io.github.depthc.cli.CommandLineHarness.repository;
import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.cli.CommandLineHarness.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RunCommandTest {
    @TempDir
    private Path folder;

    static List<List<String>> badOptions() {
        return List.of(
                List.of(),
                List.of("--prompt", "a", "--input-ids", "1"),
                List.of("--prompt", ""),
                List.of("--input-ids", ""),
                List.of("--input-ids", "1,x"),
                List.of("--input-ids", "-1"),
                List.of("--input-ids", "99999999999"),
                List.of("--prompt", "a", "--candidates", "3"),
                List.of("--prompt", "a", "--temperature", "-1"),
                List.of("--prompt", "a", "--temperature", "1e300"),
                List.of("--prompt", "a", "--temperature", "NaN"),
                List.of("--prompt", "a", "--top-p", "0"),
                List.of("--prompt", "a", "--max-new-tokens", "-1"),
                List.of("--prompt", "a", "--logprobs", "-1"),
                List.of("--prompt", "a", "--threads", "-1"));
    }

    @ParameterizedTest
    @MethodSource("badOptions")
    void badOptionsAreTwo(List<String> options) {
        var args = new java.util.ArrayList<Object>(List.of("run", folder));
        args.addAll(options);
        Outcome o = run(args.toArray());
        assertEquals(2, o.code(), o.err());
        assertEquals("", o.out());
        assertTrue(o.err().startsWith("depthc: "), o.err());
    }

    @Test
    void aCheckpointIsToldFromABundle() {
        Path checkpoint = repository("samples/checkpoints/stories260k");
        Outcome o = run("run", checkpoint, "--prompt", "a");
        assertEquals(2, o.code());
        assertEquals("depthc: " + checkpoint + ": is a checkpoint, expected a bundle; make one with: depthc convert " + checkpoint + " -o BUNDLE\n", o.err());
    }

    @Test
    void theRangeOfTemperaturesIsSaid() {
        assertEquals("depthc: --temperature is 1e300, expected 0 (the most probable token) to 100\n",
                run("run", folder, "--prompt", "a", "--temperature", "1e300").err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{}", "[1]", "{\"depthc_bundle\": 1}", "{\"depthc_bundle\": 1, \"tool_version\": 3}"})
    void whatIsWrongWithABundleNamesIt(String json) throws IOException {
        Files.writeString(folder.resolve("bundle.json"), json);
        Outcome o = run("run", folder, "--prompt", "a");
        assertEquals(2, o.code(), o.err());
        assertTrue(o.err().contains(folder.toString()), o.err());
        assertEquals(1, o.err().lines().count(), o.err());
    }

    @Test
    void whatIsNoBundleIsTwo() {
        Outcome o = run("run", folder.resolve("absent"), "--prompt", "a");
        assertEquals(2, o.code());
        assertEquals(1, o.err().lines().count(), o.err());
    }
}
