// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli;

import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.cli.CommandLineHarness.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class MainTest {
    @ParameterizedTest
    @ValueSource(strings = {"convert", "inspect", "analyze", "run", "bench", "synth", "doctor", "generate-completion"})
    void everyCommandExplainsItself(String command) {
        Outcome o = run(command, "--help");
        assertEquals(0, o.code(), o.err());
        assertEquals("", o.err());
        assertTrue(o.out().contains("Usage: depthc " + command), o.out());
        assertTrue(o.out().lines().allMatch(l -> l.length() <= 80), o.out());
        assertTrue(run("--help").out().contains("  " + command));
    }

    @Test
    void helpAndVersionAreDone() {
        assertEquals(0, run("--help").code());
        assertTrue(run("--version").out().startsWith("depthc "));
    }

    @Test
    void wrongUsageIsTwoAndSuggests() {
        assertEquals(new Outcome(2, "", "depthc: a command is required\nTry 'depthc --help'.\n"), run());
        Outcome command = run("insepct");
        assertEquals(2, command.code());
        assertTrue(command.err().startsWith("depthc: unknown command 'insepct'\nDid you mean: depthc inspect"), command.err());
        Outcome option = run("inspect", "--layrs=odd", "x");
        assertEquals(2, option.code());
        assertTrue(option.err().contains("'--layrs=odd'") && option.err().contains("--layers"), option.err());
        assertTrue(option.err().endsWith("Try 'depthc inspect --help'.\n"), option.err());
    }

    @Test
    void aValueOfTheWrongKindIsTwo() {
        Outcome o = run("run", "bundle", "--prompt", "x", "--max-new-tokens", "many");
        assertEquals(2, o.code());
        assertTrue(o.err().contains("--max-new-tokens") && o.err().contains("many"), o.err());
    }

    @Test
    void completionIsAScript() {
        Outcome o = run("generate-completion");
        assertEquals(0, o.code());
        assertTrue(o.out().contains("complete -F _complete_depthc"), o.out());
        assertTrue(o.out().contains("--max-new-tokens"));
    }
}
