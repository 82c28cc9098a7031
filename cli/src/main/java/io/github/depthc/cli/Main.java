// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli;

import io.github.depthc.cli.command.AnalyzeCommand;
import io.github.depthc.cli.command.BenchCommand;
import io.github.depthc.cli.command.BuildCommand;
import io.github.depthc.cli.command.ConvertCommand;
import io.github.depthc.cli.command.DeployCommand;
import io.github.depthc.cli.command.DoctorCommand;
import io.github.depthc.cli.command.EmbedCommand;
import io.github.depthc.cli.command.EvalCommand;
import io.github.depthc.cli.command.ExportCommand;
import io.github.depthc.cli.command.InspectCommand;
import io.github.depthc.cli.command.NewPassCommand;
import io.github.depthc.cli.command.OptCommand;
import io.github.depthc.cli.command.RunCommand;
import io.github.depthc.cli.command.SynthCommand;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.OutputException;
import io.github.depthc.cli.console.Program;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The root command; every subcommand is a class of its own in {@link io.github.depthc.cli.command}. */
@Command(
        name = Program.NAME,
        description = "Compiles transformer checkpoints to Mixture-of-Depths form and runs them.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done", "1:failed (input or output, running)", "2:bad input or usage"},
        footerHeading = "%nExample:%n",
        footer = {
            "  depthc convert samples/checkpoints/stories260k -o out/stories260k",
            "  depthc run out/stories260k --prompt \"Once upon a time\"",
            "",
            "'depthc COMMAND --help' explains a command.",
        })
public final class Main implements Runnable {
    /** Done. */
    public static final int DONE = 0;
    /** Input, output or running failed. */
    public static final int FAILED = 1;
    /** What the user gave is wrong. */
    public static final int BAD_INPUT = 2;

    @Spec
    private CommandSpec spec;

    @Option(names = "--stacktrace", hidden = true, scope = ScopeType.INHERIT, description = "Show where an internal error came from.")
    private boolean stacktrace;

    private Main() {
    }

    /** Runs a command line and exits with its code. */
    public static void main(String[] args) {
        System.exit(run(Console.system(), args));
    }

    /** Runs a command line in this process and gives its exit code. */
    public static int run(Console console, String... args) {
        var main = new Main();
        var errors = new Errors(console, () -> main.stacktrace);
        try {
            int code = main.commandLine(console, errors).execute(args);
            if (code == DONE) {
                console.flush();
            } else {
                flushWhatCanBe(console);
            }
            return code;
        } catch (RuntimeException | Error e) {
            return errors.report(e);
        }
    }

    /** What a command printed before it failed; that it cannot be written may be why. */
    private static void flushWhatCanBe(Console console) {
        try {
            console.flush();
        } catch (OutputException e) {
            // The code says already that something failed.
        }
    }

    private CommandLine commandLine(Console console, Errors errors) {
        var line = new CommandLine(this);
        List.of(
                new ConvertCommand(console),
                new BuildCommand(console),
                new InspectCommand(console),
                new AnalyzeCommand(console),
                new OptCommand(console),
                new NewPassCommand(console),
                new RunCommand(console),
                new DeployCommand(console),
                new EmbedCommand(console),
                new BenchCommand(console),
                new EvalCommand(console),
                new ExportCommand(console),
                new SynthCommand(console),
                new DoctorCommand(console),
                new AutoComplete.GenerateCompletion(),
                new CommandLine.HelpCommand())
                .forEach(line::addSubcommand);
        line.registerConverter(Path.class, Main::path);
        return line.setOut(console.writer())
                // a prompt may begin with @
                .setExpandAtFiles(false)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(errors)
                .setExecutionExceptionHandler(errors);
    }

    private static Path path(String text) {
        if (text.isEmpty()) {
            throw new CommandLine.TypeConversionException("is empty, expected a path");
        }
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new CommandLine.TypeConversionException("is wrong: " + Errors.locale(e));
        }
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "a command is required");
    }

    /** The version in the jar's manifest, which Maven writes. */
    public static String version() {
        return Optional.ofNullable(Main.class.getPackage().getImplementationVersion()).orElse("development");
    }

    /** What {@code --version} prints. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {Program.NAME + " " + version()};
        }
    }
}
