// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.cli.Main;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.JsonOutput;
import io.github.depthc.cli.console.Table;
import io.github.depthc.cli.doctor.Check;
import io.github.depthc.cli.doctor.Machine;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code depthc doctor}: what this machine has and lacks. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        header = "Show what this machine has and lacks.",
        description = "Exits with 1 when something needed is missing.",
        footerHeading = "%nExample:%n",
        footer = "  depthc doctor --json")
public final class DoctorCommand implements Callable<Integer> {
    private final Console console;

    @Option(names = "--json", description = "Print one JSON object instead of a table.")
    private boolean json;

    public DoctorCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        List<Check> checks = Machine.checks(Path.of("").toAbsolutePath());
        boolean fit = checks.stream().noneMatch(c -> c.state() == Check.State.PROBLEM);
        if (json) {
            ObjectNode o = JsonOutput.object().put("fit", fit);
            checks.forEach(c -> o.putObject(c.key()).put("state", c.state().name().toLowerCase(Locale.ROOT)).put("found", c.found()));
            JsonOutput.print(console, o);
        } else {
            var table = new Table(0).left("").left("").left("");
            checks.forEach(c -> table.row(mark(c.state()), c.name(), c.found()));
            table.print(console);
            console.line("");
            console.line(fit ? "This machine can convert and run on the CPU." : "Something needed is missing: see the lines marked '!'.");
        }
        return fit ? Main.DONE : Main.FAILED;
    }

    private static String mark(Check.State state) {
        return switch (state) {
            case OK -> "ok";
            case ABSENT -> "-";
            case PROBLEM -> "!";
        };
    }
}
