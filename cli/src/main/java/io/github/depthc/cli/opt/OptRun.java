// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.opt;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.OneLine;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.Pipeline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/** One run of a pipeline that was read from a text: prints on the way and takes times. */
public final class OptRun {
    private final Pipeline pipeline;
    private final PrintAfter printAfter;
    private final Function<Model, String> printer;
    private final Consumer<String> out;
    private final List<Timed> times = new ArrayList<>();
    private boolean printed;

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
     * @param printer    a model as text
     * @param out        takes what is printed after passes
     */
    public OptRun(Pipeline pipeline, PrintAfter printAfter, Function<Model, String> printer, Consumer<String> out) {
        this.pipeline = pipeline;
        this.printAfter = printAfter;
        this.printer = printer;
        this.out = out;
    }

    /** The model after every pass; {@link Pipeline#run} says what is thrown. */
    public Model run(Model model, PassContext context) {
        return pipeline.run(model, context, this::ran);
    }

    /** What each pass took, in order. */
    public List<Timed> times() {
        return times;
    }

    /** Whether a model was printed on the way. */
    public boolean printed() {
        return printed;
    }

    private void ran(Pipeline.Step<?> step, Outcome outcome, Model now, Duration time) {
        String did = switch (outcome) {
            case Outcome.Changed c -> c.summary().isEmpty() ? "changed" : c.summary();
            case Outcome.Unchanged u -> "unchanged";
            case Outcome.NotApplicable n -> "not applicable: " + n.reason();
        };
        times.add(new Timed(step.toString(), OneLine.of(did), time));
        if (printAfter.wants(step, outcome)) {
            printed = true;
            out.accept("// after " + OneLine.of(step.toString()) + " (pass " + times.size() + " of " + pipeline.steps().size() + "): " + OneLine.of(did) + "\n"
                    + printer.apply(now));
        }
    }
}
