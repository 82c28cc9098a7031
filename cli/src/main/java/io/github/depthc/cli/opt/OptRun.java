// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.opt;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.text.Cursor;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.text.TextException;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.Pipeline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/** One run of a pipeline that was read from a text: prints on the way, takes times, and says at which pass it failed. */
public final class OptRun {
    private final Pipeline pipeline;
    private final String text;
    private final PrintAfter printAfter;
    private final Function<Model, String> printer;
    private final Consumer<String> out;
    private final List<Timed> times = new ArrayList<>();

    /**
     * What a pass took and did.
     *
     * @param pass    as it stands in the pipeline
     * @param outcome in a few words
     */
    public record Timed(String pass, String outcome, Duration time) {
    }

    /**
     * A run.
     *
     * @param text       what the pipeline was read from
     * @param printer    a model as text
     * @param out        takes what is printed after passes
     */
    public OptRun(Pipeline pipeline, String text, PrintAfter printAfter, Function<Model, String> printer, Consumer<String> out) {
        this.pipeline = pipeline;
        this.text = text;
        this.printAfter = printAfter;
        this.printer = printer;
        this.out = out;
    }

    /**
     * The model after every pass.
     *
     * @param model one that verifies
     * @throws TextException for what the user must mend, at the place of the pass that asks for it
     */
    public Model run(Model model, PassContext context) {
        try {
            return pipeline.run(model, context, this::ran);
        } catch (TextException e) {
            throw e;
        } catch (InputException e) {
            int failed = times.size();
            if (failed == pipeline.steps().size()) {
                throw e;
            }
            Pipeline.Step<?> step = pipeline.steps().get(failed);
            TextException located = new Cursor(new SourceText(step.at().source(), text)).error(step.at(), step.name() + ": " + e.getMessage());
            located.initCause(e);
            throw located;
        }
    }

    /** What each pass took, in order. */
    public List<Timed> times() {
        return times;
    }

    private void ran(Pipeline.Step<?> step, Outcome outcome, Model now, Duration time) {
        String did = switch (outcome) {
            case Outcome.Changed c -> c.summary().isEmpty() ? "changed" : c.summary();
            case Outcome.Unchanged u -> "unchanged";
            case Outcome.NotApplicable n -> "not applicable: " + n.reason();
        };
        times.add(new Timed(step.toString(), did, time));
        if (printAfter.wants(step, outcome)) {
            out.accept("// after " + oneLine(step.toString()) + " (pass " + times.size() + " of " + pipeline.steps().size() + "): " + oneLine(did) + "\n"
                    + printer.apply(now));
        }
    }

    private static String oneLine(String words) {
        return words.replaceAll("\\R", " ");
    }
}
