// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static io.github.depthc.cli.CommandLineHarness.repository;
import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.cli.CommandLineHarness.Outcome;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What deploy refuses; what it does is tested in the integration module. */
final class DeployCommandTest {
    @TempDir
    private Path folder;

    static List<List<String>> badOptions() {
        return List.of(
                List.of("--port", "65536"),
                List.of("--port", "-1"),
                List.of("--port", "http"),
                List.of("--host", ""),
                List.of("--host", "no such host"),
                List.of("--host", "0.0.0.0"),
                List.of("--host", "::"),
                List.of("--api-key", "short"),
                List.of("--api-key", "has a space in it"),
                List.of("--api-key", "12345678", "--api-key-file", "x"),
                List.of("--kv-budget", "much"),
                List.of("--kv-budget", "0"),
                List.of("--kv-budget", "99999999999999t"),
                List.of("--max-body", "3g"),
                List.of("--max-pixels", "0"),
                List.of("--max-pixels", "100000000"),
                List.of("--max-requests", "0"),
                List.of("--max-batch", "-1"),
                List.of("--timeout", "0"),
                List.of("--grace", "-1"),
                List.of("--max-prompt-tokens", "0"),
                List.of("--name", "a b"),
                List.of("--chat-template", "other"),
                List.of("--threads", "-1"));
    }

    @ParameterizedTest
    @MethodSource("badOptions")
    void badOptionsAreTwo(List<String> options) {
        var args = new ArrayList<Object>(List.of("deploy", folder));
        args.addAll(options);
        Outcome o = run(args.toArray());
        assertEquals(2, o.code(), o.err());
        assertTrue(o.err().startsWith("depthc: "), o.err());
    }

    /** A shell that is given these lines gets them whole: none is broken inside of its quotes. */
    @Test
    void theExampleOfARequestCanBeCopied() {
        assertTrue(run("deploy", "--help").out().contains("""
                  curl http://127.0.0.1:8080/v1/completions \\
                      -H 'Content-Type: application/json' \\
                      -d '{"prompt": "Once upon a time", "max_tokens": 50}'
                """));
    }

    @Test
    void anotherHostNeedsAKey() {
        Outcome o = run("deploy", folder, "--host", "0.0.0.0");
        assertEquals("depthc: the host 0.0.0.0 can be reached from other machines, so an API key is needed: add --api-key-file FILE, or serve on 127.0.0.1\n", o.err());
    }

    @Test
    void aKeyFileHasOneLine() throws IOException {
        Path file = Files.writeString(folder.resolve("key"), "one-long-key\nanother-key\n");
        Outcome o = run("deploy", folder, "--api-key-file", file);
        assertEquals(2, o.code());
        assertEquals("depthc: --api-key-file " + file + ": has 2 lines, expected one with the key\n", o.err());
        assertEquals(new Outcome(2, "", "depthc: --api-key-file " + folder + ": is not a file, expected one with the key on a line\n"), run("deploy", folder, "--api-key-file", folder));
        assertEquals(new Outcome(2, "", "depthc: the API key has 5 characters, expected at least 8 letters, digits or signs of ASCII, without spaces\n"),
                run("deploy", folder, "--api-key", "short"));
    }

    @Test
    @Timeout(120)
    void aPortThatIsTakenIsSaid() throws IOException {
        Path bundle = folder.resolve("stories");
        assertEquals(0, run("convert", repository("samples/checkpoints/stories260k"), "-o", bundle).code());
        try (var taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            Outcome o = run("deploy", bundle, "--port", taken.getLocalPort());
            assertEquals(1, o.code(), o.err());
            assertTrue(o.err().startsWith("depthc: cannot serve on 127.0.0.1 port " + taken.getLocalPort() + ": the port is taken"), o.err());
            assertEquals(1, o.err().lines().count(), o.err());
        }
        Outcome poor = run("deploy", bundle, "--port", 0, "--kv-budget", "1");
        assertEquals(2, poor.code(), poor.err());
        assertTrue(poor.err().startsWith("depthc: the memory for KV caches is 1 byte, and a request of one token takes ") && poor.err().contains("give more with --kv-budget"), poor.err());
        Outcome elsewhere = run("deploy", bundle, "--port", 0, "--host", "192.0.2.1", "--api-key", "12345678");
        assertEquals(1, elsewhere.code(), elsewhere.err());
        assertTrue(elsewhere.err().startsWith("depthc: cannot serve on 192.0.2.1 port 0: this machine has no such address"), elsewhere.err());
        Outcome noGpu = run("deploy", bundle, "--port", 0, "--device", "cuda");
        assertEquals(new Outcome(2, "", "depthc: --device cuda: " + bundle + " has nothing for GPUs; convert the model again with --target tensorrt; or use --device cpu\n"), noGpu);
    }
}
