// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.OpSet;
import io.github.depthc.ir.Origin;
import io.github.depthc.ir.TypeException;
import io.github.depthc.ir.text.Cursor;
import io.github.depthc.ir.text.Nearest;
import io.github.depthc.ir.text.RecordCodec;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.verify.Verifier;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Passes in order, with their options: {@code select-layers{layers=[1, 3]},schedule{kind=constant, ratio=0.5},dce}.
 * Verifies the model before the first pass and after every one that changes it, and names the pass that broke it.
 */
public final class Pipeline {
    private final List<Step<?>> steps;
    private final OpSet ops;
    private final boolean verifies;

    private Pipeline(List<Step<?>> steps, OpSet ops, boolean verifies) {
        this.steps = List.copyOf(steps);
        this.ops = ops;
        this.verifies = verifies;
    }

    /**
     * One pass and its options.
     *
     * @param pass    the pass
     * @param options its options
     * @param at      where it stands in the pipeline's text
     * @param <O>     their type
     */
    public record Step<O extends Record>(Pass<O> pass, O options, Location at) {
        /** A step that was not read from a text. */
        public Step(Pass<O> pass, O options) {
            this(pass, options, Location.NONE);
        }

        /** The pass's name. */
        public String name() {
            return pass.spec().name();
        }

        /** As it stands in a pipeline's text; options that have their defaults are left out. */
        @Override
        public String toString() {
            return name() + RecordCodec.print(options, pass.spec().defaults());
        }

        private Outcome run(Model model, PassContext context) {
            return pass.run(model, options, context.of(name()));
        }
    }

    /** Told after each pass. */
    @FunctionalInterface
    public interface Listener {
        /** Told nothing. */
        Listener NONE = (step, outcome, model, time) -> { };

        /** A pass ran, did this, and this is the model now. */
        void ran(Step<?> step, Outcome outcome, Model model, Duration time);
    }

    /** These steps. */
    public static Pipeline of(List<Step<?>> steps, PassRegistry registry) {
        return new Pipeline(steps, registry.ops(), true);
    }

    /** Reads a pipeline; an empty text is the empty pipeline. What does not fit is an {@link InputException} with line and column. */
    public static Pipeline parse(String text, PassRegistry registry) {
        var cursor = new Cursor(new SourceText("pipeline", text));
        var steps = new ArrayList<Step<?>>();
        if (!cursor.atEnd()) {
            do {
                steps.add(step(cursor, registry));
            } while (cursor.take(','));
            if (!cursor.atEnd()) {
                throw cursor.expected("',' and another pass, or the end");
            }
        }
        return of(steps, registry);
    }

    /** These steps and then those. */
    public Pipeline then(Pipeline more) {
        var all = new ArrayList<Step<?>>(steps);
        all.addAll(more.steps);
        return new Pipeline(all, ops, verifies);
    }

    /** The same passes; only the model before the first and after the last is verified. */
    public Pipeline verifyingEnds() {
        return new Pipeline(steps, ops, false);
    }

    public List<Step<?>> steps() {
        return steps;
    }

    /** The model after every pass. A model that does not verify is an {@link InputException}. */
    public Model run(Model model, PassContext context, Listener listener) {
        var verifier = new Verifier(ops);
        verify(verifier, model, "before the first pass", "");
        Model current = model;
        var ran = new ArrayList<String>();
        for (Step<?> step : steps) {
            long start = System.nanoTime();
            Outcome outcome;
            try {
                outcome = step.run(current, context);
                if (outcome == null) {
                    throw new IllegalStateException("it gave back null, expected an Outcome");
                }
            } catch (TypeException e) {
                throw new InputException("pass " + step + " failed: " + e.getMessage() + after(ran), e);
            } catch (InputException | UncheckedIOException e) {
                throw e;
            } catch (RuntimeException | LinkageError | StackOverflowError e) {
                throw new PassException("pass " + step + " of " + Origin.of(step.pass().getClass()) + " failed: " + e + after(ran), e);
            }
            switch (outcome) {
                case Outcome.Changed(Model changed, String summary) -> {
                    current = changed;
                    if (verifies) {
                        verify(verifier, current, "after pass " + step, after(ran));
                    }
                }
                case Outcome.NotApplicable(String reason) ->
                    context.remark(Diagnostic.warning(step.at(), step.name() + " is not applicable: " + reason));
                case Outcome.Unchanged u -> { }
            }
            listener.ran(step, outcome, current, Duration.ofNanos(System.nanoTime() - start));
            ran.add(step.name());
        }
        if (!verifies && current != model) {
            verify(verifier, current, "after the last pass", after(ran));
        }
        return current;
    }

    @Override
    public String toString() {
        return steps.stream().map(Step::toString).collect(Collectors.joining(","));
    }

    private static Step<?> step(Cursor cursor, PassRegistry registry) {
        Location at = cursor.here();
        String name = cursor.identifier("the name of a pass");
        Pass<?> pass = registry.all().stream().filter(p -> p.spec().name().equals(name)).findFirst().orElseThrow(() -> cursor.error(at,
                "found '" + name + "', expected a pass" + Nearest.hint(name, registry.all().stream().map(p -> p.spec().name()).toList())));
        return options(pass, cursor, at);
    }

    private static <O extends Record> Step<O> options(Pass<O> pass, Cursor cursor, Location at) {
        O defaults = pass.spec().defaults();
        return new Step<>(pass, cursor.at('{') ? RecordCodec.parse(pass.spec().optionsType(), cursor, defaults) : defaults, at);
    }

    private static void verify(Verifier verifier, Model model, String when, String after) {
        List<Diagnostic> found = verifier.check(model);
        if (!found.isEmpty()) {
            throw new InputException("the model is not valid " + when + after + ": " + found.getFirst().message()
                    + (found.size() > 1 ? " (and " + (found.size() - 1) + " more)" : "") + where(found.getFirst()));
        }
    }

    private static String where(Diagnostic d) {
        String at = d.location().toString();
        return at.isEmpty() ? "" : ", at " + at;
    }

    private static String after(List<String> ran) {
        return ran.isEmpty() ? "" : " (after " + String.join(", ", ran) + ")";
    }
}
