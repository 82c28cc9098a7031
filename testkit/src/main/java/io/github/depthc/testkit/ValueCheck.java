// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Lowerable;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.text.Printer;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Shows that a pass keeps what a model computes: runs the model before and after it on ONNX Runtime, prompts of uneven lengths in one
 * batch and then decode steps through the caches, in each form of the graph, and compares logits within a tolerance and kept tokens
 * and cache lengths exactly. The message of a failure names the first row, position and logit that differ.
 *
 * <pre>{@code
 * new ValueCheck(PassRegistry.load()).changing().preserves(model, "my-pass");
 * }</pre>
 *
 * @param registry  knows the passes; one from which a provider was left out is an {@link AssertionError}
 * @param tolerance by how much a logit may differ, absolute
 * @param script    what to run; empty for {@link Script#random}, seed 0
 * @param forms     which forms of the graph to run
 * @param lowering  pipeline that makes a model with layers flat
 * @param contexts  makes what the passes of one pipeline may use
 * @param mustChange whether a pipeline that changes nothing is a failure: the comparison would be of a thing with itself
 */
public record ValueCheck(PassRegistry registry, double tolerance, Optional<Script> script, List<Form> forms, String lowering,
        Supplier<PassContext> contexts, boolean mustChange) {
    /** Default tolerance. */
    public static final double TOLERANCE = 1e-5;

    /** A form of the graph. */
    public enum Form {
        /** With ONNX Runtime's own operators, as models run by default. */
        FAST,
        /** Standard operators only. */
        PORTABLE
    }

    public ValueCheck {
        Loaded.whole(registry);
        Objects.requireNonNull(script);
        forms = List.copyOf(forms);
        Objects.requireNonNull(lowering);
        Objects.requireNonNull(contexts);
    }

    /** With the defaults: tolerance 1e-5, a random script, both forms, {@code lower-mod}, a context with an executor alone. */
    public ValueCheck(PassRegistry registry) {
        this(registry, TOLERANCE, Optional.empty(), List.of(Form.values()), "lower-mod",
                () -> PassContext.builder().executor(Traces.executor()).build(), false);
    }

    /** This with another tolerance. */
    public ValueCheck within(double absolute) {
        if (!(absolute >= 0)) {
            throw new IllegalArgumentException("the tolerance is " + absolute + ", expected 0 or more");
        }
        return new ValueCheck(registry, absolute, script, forms, lowering, contexts, mustChange);
    }

    /** This on other prompts and steps. */
    public ValueCheck on(Script other) {
        return new ValueCheck(registry, tolerance, Optional.of(other), forms, lowering, contexts, mustChange);
    }

    /** This in these forms only. */
    public ValueCheck in(Form... only) {
        return new ValueCheck(registry, tolerance, script, List.of(only), lowering, contexts, mustChange);
    }

    /** This with another pipeline that makes models flat. */
    public ValueCheck lowering(String pipeline) {
        return new ValueCheck(registry, tolerance, script, forms, pipeline, contexts, mustChange);
    }

    /** A new context, such as passes get here. */
    public PassContext context() {
        return contexts.get();
    }

    /** This with more for the passes to use; asked for a new context for each pipeline. */
    public ValueCheck with(Supplier<PassContext> other) {
        return new ValueCheck(registry, tolerance, script, forms, lowering, other, mustChange);
    }

    /** This, but a pipeline that changes nothing fails. */
    public ValueCheck changing() {
        return new ValueCheck(registry, tolerance, script, forms, lowering, contexts, true);
    }

    /** Fails with an {@link AssertionError} unless the pipeline keeps what the model computes; gives the model after it. */
    public Model preserves(Model model, String pipeline) {
        return preserves(model, Pipeline.parse(pipeline, registry));
    }

    /** The same for one pass, which the registry need not know. */
    public <O extends Record> Model preserves(Model model, Pass<O> pass, O options) {
        return preserves(model, Pipeline.of(List.of(new Pipeline.Step<>(pass, options)), registry));
    }

    private Model preserves(Model model, Pipeline pipeline) {
        Model after = pipeline.run(model, context(), Pipeline.Listener.NONE);
        if (mustChange && Printer.print(after).equals(Printer.print(model))) {
            throw new AssertionError("'" + pipeline + "' changed nothing, expected a model in which it finds something to do");
        }
        same("after '" + pipeline + "'", traces(model), tracesAfter(model, after));
        return after;
    }

    /** Fails with an {@link AssertionError} unless the second model computes what the first one does. */
    public void same(Model expected, Model actual) {
        same("the second model", traces(expected), traces(actual));
    }

    /** One trace for each form. */
    private List<Trace> traces(Model model) {
        return traces(model, flat(model));
    }

    /** The same of a model after a pipeline, which may have made it flat. */
    private List<Trace> tracesAfter(Model before, Model after) {
        return traces(planned(before, after), flat(after));
    }

    /** The model that says what the layers do: the one after a pipeline, unless that is flat. */
    static Model planned(Model before, Model after) {
        return lowerable(after) ? after : before;
    }

    /**
     * One trace for each form.
     *
     * @param planned says what the layers do
     * @param flat    the same model, in whatever way it was made flat
     */
    List<Trace> traces(Model planned, Model flat) {
        if (flat.graph().param(GraphNames.TOKEN_IDS) == null) {
            throw new IllegalArgumentException("the graph does not take token ids, so it cannot be run here");
        }
        Script run = script.orElseGet(() -> Script.random(flat.info(), 0));
        return forms.stream().map(f -> Traces.model(flat, LayerPlans.of(planned), run, f == Form.PORTABLE)).toList();
    }

    void same(String what, List<Trace> expected, List<Trace> actual) {
        var wrong = new ArrayList<String>();
        for (int i = 0; i < forms.size(); i++) {
            String form = forms.get(i).name().toLowerCase(java.util.Locale.ROOT);
            if (expected.get(i).overflows()) {
                throw new AssertionError("the model computes infinities or NaN (" + form + " form), which shows nothing; choose other weights");
            }
            expected.get(i).difference(actual.get(i), tolerance).ifPresent(d -> wrong.add(what + " (" + form + " form): " + d));
        }
        if (!wrong.isEmpty()) {
            throw new AssertionError(String.join("\n", wrong));
        }
    }

    /** The model without ops that have a lowering. */
    Model flat(Model model) {
        return lowerable(model) ? Pipeline.parse(lowering, registry).run(model, context(), Pipeline.Listener.NONE) : model;
    }

    private static boolean lowerable(Model model) {
        return model.graph().nodes().stream().anyMatch(n -> n.kind() instanceof Lowerable);
    }

    /**
     * Fails with an {@link AssertionError} unless the pipeline keeps what a graph on its own computes; gives the graph after it.
     *
     * @param inputs each parameter's value, as {@link io.github.depthc.passes.api.Executor} wants them
     */
    public Model preserves(Model graph, Map<String, HostTensor> inputs, String pipeline) {
        Model after = Pipeline.parse(pipeline, registry).run(graph, context(), Pipeline.Listener.NONE);
        if (mustChange && Printer.print(after.graph()).equals(Printer.print(graph.graph()))) {
            throw new AssertionError("'" + pipeline + "' changed nothing, expected a graph in which it finds something to do");
        }
        sameGraph("after '" + pipeline + "'", Traces.graph(graph.graph(), graph.weights(), inputs),
                Traces.graph(after.graph(), after.weights(), inputs));
        return after;
    }

    void sameGraph(String what, Trace expected, Trace actual) {
        if (expected.overflows()) {
            throw new AssertionError("the graph computes infinities or NaN, which shows nothing; choose other inputs");
        }
        expected.difference(actual, tolerance).ifPresent(d -> {
            throw new AssertionError(what + ": " + d);
        });
    }
}
