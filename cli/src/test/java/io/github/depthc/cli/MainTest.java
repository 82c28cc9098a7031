// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli;

import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.cli.CommandLineHarness.Outcome;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class MainTest {
    @ParameterizedTest
    @ValueSource(strings = {"convert", "inspect", "analyze", "opt", "new-pass", "run", "bench", "eval", "export", "deploy", "embed", "build", "synth", "doctor", "generate-completion"})
    void everyCommandExplainsItself(String command) {
        Outcome o = run(command, "--help");
        assertEquals(0, o.code(), o.err());
        assertEquals("", o.err());
        assertEquals("", warnings(command), "a % that is not doubled");
        assertTrue(o.out().contains("Usage: depthc " + command), o.out());
        assertTrue(o.out().lines().allMatch(l -> l.length() <= 80), o.out());
        assertTrue(run("--help").out().contains("  " + command));
        assertTrue(examples(o.out()).allMatch(l -> l.startsWith("  ")), "an example is broken: " + o.out());
    }

    /** What picocli says on the process's own standard error about a help text that it cannot format. */
    private static String warnings(String command) {
        var said = new ByteArrayOutputStream();
        PrintStream err = System.err;
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            run(command, "--help");
        } finally {
            System.setErr(err);
        }
        return said.toString(StandardCharsets.UTF_8);
    }

    /** The lines under the heading of the examples, up to the first blank one. */
    private static Stream<String> examples(String help) {
        return help.lines().dropWhile(l -> !l.startsWith("Example")).skip(1).takeWhile(l -> !l.isBlank());
    }

    @Test
    void helpAndVersionAreDone() {
        assertEquals(0, run("--help").code());
        assertTrue(run("--version").out().startsWith("depthc "));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', value = {
        "                                      | a command is required                                        | depthc",
        "insepct                               | unknown command 'insepct'; did you mean 'inspect'?           | depthc",
        "--verson                              | unknown option '--verson'; did you mean '--version'?         | depthc",
        "inspect --layrs=odd x                 | unknown option '--layrs'; did you mean '--layers'?           | depthc inspect",
        "run b --prompt x extra                | unexpected argument 'extra'                                  | depthc run",
        "run b --prompt x --max-new-tokens two | --max-new-tokens is 'two', expected a whole number           | depthc run",
        "run b --prompt x --seed 1e3           | --seed is '1e3', expected a whole number                     | depthc run",
        "run b --prompt x --threads 3000000000 | --threads is '3000000000', expected a whole number of at most 2147483647 | depthc run",
        "run b --prompt x --temperature warm   | --temperature is 'warm', expected a number                   | depthc run",
        "run b --prompt x --input-ids 1        | --prompt=TEXT, --input-ids=ID,ID,... are mutually exclusive (specify only one) | depthc run",
        "bench b --prompt-tokens 1,x           | --prompt-tokens is 'x', expected a whole number              | depthc bench",
        "convert c -o b --style moe            | --style is 'moe', expected plain, pmod, gamma or mod         | depthc convert",
        "convert c -o b --weights int5         | --weights is 'int5', expected auto, source, fp32, bf16, int8 or int4 | depthc convert",
        "synth llama -o c --dtype int8         | --dtype is 'int8', expected f32, f16 or bf16                 | depthc synth",
    })
    void wrongUsageIsTwoAndSaysWhatWouldBeRight(String words, String message, String at) {
        Object[] args = words == null ? new Object[0] : words.split(" ");
        assertEquals(new Outcome(2, "", "depthc: " + message + "\nTry: " + at + " --help\n"), run(args));
    }

    @Test
    void aCommandThatIsNotNearIsToldWhatThereIs() {
        Outcome o = run("quantize");
        assertEquals(2, o.code());
        assertTrue(o.err().startsWith("depthc: unknown command 'quantize', expected one of convert, build, inspect, "), o.err());
    }

    @Test
    void anEmptyPathIsNone() {
        assertEquals("depthc: CHECKPOINT is empty, expected a path\nTry: depthc convert --help\n", run("convert", "", "-o", "x").err());
        assertEquals("depthc: --output is empty, expected a path\nTry: depthc convert --help\n", run("convert", "x", "-o", "").err());
    }

    @Test
    void valuesAreInLowerCase() {
        String help = String.join(" ", run("convert", "--help").out().split("\\s+"));
        assertTrue(help.contains("plain, pmod, gamma, mod.") && help.contains("auto, source, fp32, bf16, int8, int4."), help);
        assertTrue(run("generate-completion").out().contains("\"plain\" \"pmod\" \"gamma\" \"mod\""));
    }

    @Test
    void completionIsAScript() {
        Outcome o = run("generate-completion");
        assertEquals(0, o.code());
        assertTrue(o.out().contains("complete -F _complete_depthc"), o.out());
        assertTrue(o.out().contains("--max-new-tokens"));
        assertTrue(o.out().contains("\"llama\" \"llava\""), "the architectures of synth");
    }
}
