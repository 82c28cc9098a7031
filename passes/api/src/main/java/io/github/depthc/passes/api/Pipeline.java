// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.OneLine;
import io.github.depthc.ir.OpSet;
import io.github.depthc.ir.Origin;
import io.github.depthc.ir.TypeException;
import io.github.depthc.ir.text.Cursor;
import io.github.depthc.ir.text.Nearest;
import io.github.depthc.ir.text.RecordCodec;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.text.TextException;
import io.github.depthc.ir.verify.Verifier;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
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
     * @param place   where they stand in the pipeline's text
     * @param <O>     their type
     */
    public record Step<O extends Record>(Pass<O> pass, O options, Place place) {
        /** A step that was not read from a text. */
        public Step(Pass<O> pass, O options) {
            this(pass, options, Place.NONE);
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

        /** The pass's name and, of a plug-in's, where it comes from. */
        private String who() {
            return foreign() ? name() + " of " + Origin.of(pass.getClass()) : name();
        }

        /** True for a pass that a plug-in's jar has. */
        private boolean foreign() {
            return pass.getClass().getClassLoader() instanceof PluginLoader;
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
        var source = new SourceText("pipeline", text);
        var cursor = new Cursor(source);
        var steps = new ArrayList<Step<?>>();
        if (!cursor.atEnd()) {
            do {
                steps.add(step(source, cursor, registry));
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

    /**
     * The model after every pass.
     *
     * @throws InputException for a model that does not verify, and for what the user must mend; where the pipeline was read from a text,
     *                        with the place of the pass or of its option
     */
    public Model run(Model model, PassContext context, Listener listener) {
        var verifier = new Verifier(ops);
        verify(verifier, model, "before the first pass", "");
        Model current = model;
        var ran = new ArrayList<String>();
        for (Step<?> step : steps) {
            long start = System.nanoTime();
            Outcome outcome;
            boolean interrupted = Thread.currentThread().isInterrupted();
            try {
                outcome = run(step, current, context, ran);
                if (outcome instanceof Outcome.Changed(Model changed, String summary)) {
                    Model before = current;
                    current = changed;
                    if (!changed.info().equals(before.info())) {
                        throw new InputException("pass " + step + " changes what is known of the checkpoint, from " + before.info() + " to " + changed.info()
                                + "; expected the same: use model.withGraph(…)");
                    }
                    Weights.ofChange(before, current).ifPresent(fault -> {
                        throw new InputException("the weights of the model are not right after pass " + step + after(ran) + ": " + fault);
                    });
                    if (verifies) {
                        verify(verifier, current, "after pass " + step, after(ran));
                    }
                    LeftOut.ofChange(before, current).ifPresent(fault -> {
                        throw new InputException("the model is not valid after pass " + step + after(ran) + ": " + fault);
                    });
                }
            } catch (InputException e) {
                throw step.place().located(step.who(), e);
            } finally {
                // files that are written by an interrupted thread are closed under it
                if (!interrupted && Thread.interrupted()) {
                    context.remark(Diagnostic.warning(step.place().pass(), "pass " + step.who() + " left its thread interrupted, expected as it was; the flag is cleared"));
                }
            }
            if (outcome instanceof Outcome.NotApplicable(String reason)) {
                context.remark(Diagnostic.warning(step.place().pass(), step.name() + " is not applicable: " + OneLine.of(reason)));
            }
            listener.ran(step, outcome, current, Duration.ofNanos(System.nanoTime() - start));
            ran.add(step.name());
        }
        if (!verifies && current != model) {
            verify(verifier, current, "after the last pass", after(ran));
        }
        return current;
    }

    private static Outcome run(Step<?> step, Model model, PassContext context, List<String> ran) {
        try {
            Outcome outcome = step.run(model, context);
            if (outcome == null) {
                throw new IllegalStateException("it gave back null, expected an Outcome");
            }
            return outcome;
        } catch (TypeException e) {
            if (e.getMessage() == null || e.getMessage().isBlank()) {
                throw new InputException("it failed with " + e.getClass().getName() + ", which says nothing", e);
            }
            throw new InputException((step.place() == Place.NONE ? "pass " + step + " failed: " : "") + e.getMessage() + after(ran), e);
        } catch (InputException e) {
            if (e.getMessage() == null || e.getMessage().isBlank()) {
                throw new InputException("it failed with " + e.getClass().getName() + ", which says nothing", e);
            }
            if (step.foreign() && step.place() == Place.NONE) {
                throw new InputException(step.who() + ": " + e.getMessage(), e);
            }
            // a text of the plug-in's own, which the user has not
            throw step.foreign() && e instanceof TextException ? new InputException("a text of its own is wrong: " + e.getMessage(), e) : e;
        } catch (UncheckedIOException e) {
            if (step.foreign()) {
                throw new PassException("pass " + step.who() + " failed: " + Origin.words(e.getCause()) + after(ran), e);
            }
            throw e;
        } catch (OutOfMemoryError e) {
            throw new PassException("pass " + step + " of " + Origin.of(step.pass().getClass()) + " ran out of memory: " + e.getMessage()
                    + "; the Java heap may have " + (Runtime.getRuntime().maxMemory() >> 20) + " MiB, -Xmx in JDK_JAVA_OPTIONS gives it more", e);
        } catch (Exception | Error e) {
            throw new PassException("pass " + step + " of " + Origin.of(step.pass().getClass()) + " failed: " + Origin.words(e) + after(ran), e);
        }
    }

    @Override
    public String toString() {
        return steps.stream().map(Step::toString).collect(Collectors.joining(","));
    }

    private static Step<?> step(SourceText source, Cursor cursor, PassRegistry registry) {
        Location at = cursor.here();
        String name = cursor.identifier("the name of a pass");
        Pass<?> pass = registry.all().stream().filter(p -> p.spec().name().equals(name)).findFirst().orElseThrow(() -> cursor.error(at,
                "found '" + name + "', expected a pass" + nearest(name, registry.all().stream().map(p -> p.spec().name()).toList())));
        return options(pass, source, cursor, at);
    }

    private static String nearest(String name, List<String> known) {
        String hint = Nearest.hint(name, known);
        return hint.isEmpty() ? ", one of " + String.join(", ", known) : hint;
    }

    private static <O extends Record> Step<O> options(Pass<O> pass, SourceText source, Cursor cursor, Location at) {
        PassSpec<O> spec = pass.spec();
        var places = new HashMap<String, Location>();
        O options = spec.defaults();
        if (cursor.at('{') && spec.optionsType().getRecordComponents().length == 0) {
            cursor.expect('{');
            if (!cursor.take('}')) {
                throw cursor.expected("'}': the pass '" + spec.name() + "' has no options");
            }
        } else if (cursor.at('{')) {
            try {
                options = RecordCodec.parse(spec.optionsType(), cursor, options, places::put);
            } catch (TextException e) {
                throw switch (e.getCause()) {
                    case OptionException o when o.getMessage() != null -> cursor.error(places.getOrDefault(o.option(), e.diagnostic().location()), spec.name() + ": " + o.getMessage());
                    case IllegalArgumentException i when i.getMessage() != null -> e;
                    case null -> e;
                    case Throwable t -> cursor.error(e.diagnostic().location(), "the options of pass " + spec.name() + ", " + Origin.of(spec.optionsType()) + ", failed with " + Origin.words(t));
                };
            }
        }
        return new Step<>(pass, options, Place.of(source, at, places));
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
