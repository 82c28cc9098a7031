// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.cli.Main;
import io.github.depthc.cli.calibration.CalibrationOptions;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Interrupts;
import io.github.depthc.cli.console.Progress;
import io.github.depthc.cli.convert.Conversion;
import io.github.depthc.cli.draw.GraphDot;
import io.github.depthc.cli.draw.GraphSvg;
import io.github.depthc.cli.opt.OptInput;
import io.github.depthc.cli.opt.OptReport;
import io.github.depthc.cli.opt.OptRun;
import io.github.depthc.cli.opt.PassList;
import io.github.depthc.cli.opt.PassSetup;
import io.github.depthc.cli.opt.PluginJars;
import io.github.depthc.cli.opt.PrintAfter;
import io.github.depthc.cli.output.TextFile;
import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.verify.Verifier;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.builtin.BuiltinPasses;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code depthc opt}: passes on a model, and what they made of it as text. */
@Command(
        name = "opt",
        mixinStandardHelpOptions = true,
        header = "Run passes on a model and print what they make of it.",
        description = "Reads a model as text (.mir) or a checkpoint, runs a pipeline of passes and prints the result as text. An empty pipeline prints the "
                + "model as it is. Remarks, warnings and tables are on standard error.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  depthc opt --list-passes",
            "  depthc opt CHECKPOINT --pipeline='schedule,convert-to-mod' -o mod.mir",
            "  depthc opt mod.mir --pipeline='lower-mod,cse,dce' --print-after=changed",
            "  depthc opt CHECKPOINT --pipeline='schedule,convert-to-mod' --svg plan.svg",
            "  depthc convert CHECKPOINT --print-pipeline       (what its options mean)",
            "",
            "docs/passes.md: every pass with an example; docs/ir.md: the text form.",
        })
public final class OptCommand implements Callable<Integer> {
    private static final int MOST_ERRORS = 20;
    /** Options that go with a list of the passes. */
    private static final Set<String> LISTING = Set.of("--list-passes", "--json", "--plugin", "--stacktrace");

    private final Console console;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "FILE.mir|CHECKPOINT", description = "A model or a graph as text (- for standard input), or the folder of a "
            + "HuggingFace checkpoint.")
    private Path path;

    @Option(names = "--pipeline", paramLabel = "TEXT", defaultValue = "", description = "Passes in order, such as 'select-layers{layers=[1, 3]},"
            + "schedule{kind=constant, ratio=0.5},convert-to-mod' (default: '', none: the model stays as it is).")
    private String pipeline;

    @Option(names = {"-o", "--output"}, paramLabel = "FILE", description = "Write the result to this file instead of standard output (- for that).")
    private Path output;

    @Option(names = "--checkpoint", paramLabel = "FOLDER", description = "Where the weights of a .mir file are, instead of where its checkpoint line says. "
            + "Needed by passes that measure.")
    private Path checkpoint;

    @Mixin
    private CalibrationOptions calibration;

    @Option(names = "--routers", paramLabel = "FILE", description = "Trained routers in a safetensors (or PyTorch .bin) file, named as in the published checkpoints.")
    private Path routers;

    @Option(names = "--print-after", paramLabel = "PASS", split = ",", description = "Print the model after these passes, all of them, or those that changed it "
            + "(all, changed), each behind a comment that says what the pass did. Standard output then has these instead of the result, which is printed if there are none.")
    private List<String> printAfter = List.of();

    @Option(names = "--verify-each", negatable = true, defaultValue = "true", fallbackValue = "true", description = "Verify the model after every pass that changes it "
            + "(default), or only before the first and after the last.")
    private boolean verifyEach;

    @Option(names = "--timing", description = "Say what each pass took.")
    private boolean timing;

    @Option(names = "--stats", description = "Say what the passes counted, and how many nodes of each op kind there were and are.")
    private boolean stats;

    @Option(names = "--dot", paramLabel = "FILE", description = "Write the result's graph for Graphviz. Text is then printed only where -o says.")
    private Path dot;

    @Option(names = "--svg", paramLabel = "FILE", description = "Write the result's graph as a picture. Text is then printed only where -o says.")
    private Path svg;

    @Option(names = "--list-passes", description = "Print the passes and their options with types and defaults.")
    private boolean listPasses;

    @Option(names = "--json", description = "With --list-passes: print one JSON object.")
    private boolean json;

    @Mixin
    private PluginJars plugins;

    public OptCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        PassRegistry registry = plugins.load(console);
        if (json && !listPasses) {
            throw new InputException("--json is for --list-passes; a model is printed as text alone");
        }
        if (listPasses) {
            requireListing();
            if (json) {
                PassList.printJson(registry, console);
            } else {
                PassList.print(registry, console);
            }
            return Main.DONE;
        }
        if (path == null) {
            throw new ParameterException(spec.commandLine(), "a .mir file or a checkpoint is required (or --list-passes)");
        }
        Pipeline parsed = Pipeline.parse(pipeline, registry);
        Pipeline steps = verifyEach ? parsed : parsed.verifyingEnds();
        PrintAfter wanted = PrintAfter.of(printAfter, steps);
        requireMeasuring(steps);
        if (output != null && !isStdout(output)) {
            TextFile.check(output, "-o", TextFile.Kind.MIR);
        }
        TextFile.check(dot, "--dot", TextFile.Kind.DOT);
        TextFile.check(svg, "--svg", TextFile.Kind.SVG);
        requireOwnFiles();
        try (OptInput input = OptInput.open(path, checkpoint, routers, registry.ops())) {
            verify(input.model(), registry);
            run(input, steps, wanted);
        }
        return Main.DONE;
    }

    /** What is about a model, or about running passes, is a mistake where they are listed. */
    private void requireListing() {
        Optional<String> other = spec.commandLine().getParseResult().matchedArgs().stream()
                .map(a -> a instanceof OptionSpec o ? o.longestName() : path.toString()).filter(n -> !LISTING.contains(n)).findFirst();
        if (other.isPresent()) {
            throw new InputException(other.get() + " has no effect: --list-passes lists the passes and runs none; remove one of them");
        }
    }

    /** Calibration text that no pass reads is a mistake. */
    private void requireMeasuring(Pipeline steps) {
        List<String> given = calibration.given();
        if (!given.isEmpty() && !BuiltinPasses.mayMeasure(steps)) {
            throw new InputException(String.join(", ", given) + (given.size() == 1 ? " has" : " have") + " no effect: no pass of the pipeline measures; add one, such "
                    + "as arank or select-layers{rule=arank, count=2}, or leave " + (given.size() == 1 ? "it" : "them") + " out");
        }
    }

    /** Drawings replace neither the input nor each other nor the text. */
    private void requireOwnFiles() {
        var taken = new HashMap<Path, String>();
        taken.put(path.toAbsolutePath().normalize(), "the input");
        if (output != null && !isStdout(output)) {
            taken.put(output.toAbsolutePath().normalize(), "-o");
        }
        for (Path drawing : new Path[] {dot, svg}) {
            if (drawing == null) {
                continue;
            }
            String option = drawing == dot ? "--dot" : "--svg";
            if (isStdout(drawing)) {
                throw new InputException(option + " is -, expected the name of a file");
            }
            String other = taken.putIfAbsent(drawing.toAbsolutePath().normalize(), option);
            if (other != null) {
                throw new InputException(option + " " + drawing + ": is " + other + " as well; give another name");
            }
        }
    }

    private void run(OptInput input, Pipeline steps, PrintAfter wanted) throws IOException {
        var run = new OptRun(steps, wanted, input::print, console::text);
        PassContext context;
        Model result;
        if (BuiltinPasses.mayMeasure(steps)) {
            OrtEngine.prepare();
        }
        try (Interrupts _ = Interrupts.endAtOnce(); Progress progress = console.progress()) {
            var samples = calibration.text(Conversion.measuresAnswers(steps)).reader(input::checkpoint, "or leave out the pass that measures");
            context = PassSetup.context(samples, input.routers(), progress).remarks(d -> console.note(d.toString())).build();
            result = run.run(input.model(), context);
        }
        draw(result);
        print(input, result, run.printed());
        if (timing) {
            OptReport.times(run.times(), console);
        }
        if (stats) {
            OptReport.statistics(context.statistics(), console);
            OptReport.ops(input.model().graph(), result.graph(), console);
        }
    }

    private void draw(Model result) throws IOException {
        if (dot != null) {
            TextFile.write(dot, GraphDot.of(result));
        }
        if (svg != null) {
            TextFile.write(svg, GraphSvg.of(result));
        }
    }

    private void print(OptInput input, Model result, boolean printed) throws IOException {
        boolean elsewhere = dot != null || svg != null || printed;
        if (output == null ? !elsewhere : isStdout(output)) {
            console.text(readable(input.printAnywhere(result)));
        } else if (output != null) {
            TextFile.write(output, readable(input.printFor(result, output)));
        }
    }

    /** The text; it is told when it is longer than what is read. */
    private String readable(String text) {
        if (text.length() > SourceText.MAX_CHARS) {
            console.note("The text has " + text.length() + " characters; opt reads at most " + SourceText.MAX_CHARS + ", so it will not be read back.");
        }
        return text;
    }

    private void verify(Model model, PassRegistry registry) {
        List<Diagnostic> errors = Verifier.check(model, registry.ops());
        if (!errors.isEmpty()) {
            errors.stream().limit(MOST_ERRORS).forEach(d -> console.note(d.toString()));
            throw new InputException(path + ": is not a valid model: " + errors.size() + (errors.size() == 1 ? " error" : " errors"));
        }
    }

    private static boolean isStdout(Path file) {
        return file.toString().equals(OptInput.STDIN);
    }
}
