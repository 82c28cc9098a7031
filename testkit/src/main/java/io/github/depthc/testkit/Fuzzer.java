// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.Printer;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.verify.Verifier;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.reference.Interpreter;
import io.github.depthc.reference.SelectionListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import java.util.stream.LongStream;

/**
 * Sends random models through pipelines that must keep what they compute: each model and each result verifies, is printed and read
 * back the same, and gives the same numbers on ONNX Runtime. Models as they are drawn are compared with the reference interpreter,
 * which lowers nothing, too. A failure names the seed.
 *
 * <pre>{@code
 * new Fuzzer(PassRegistry.load()).flat("my-pass").run(0, 500);
 * }</pre>
 *
 * @param check     how results are compared
 * @param flat      pipelines that run on lowered decoders and on graphs on their own
 * @param layered   pipelines that run on decoders with layers
 * @param dense     pipelines that run on decoders with dense layers only
 * @param takesTurns whether a decoder goes through one of the flat pipelines, in turn, and not through all
 * @param reference by how much a logit may differ from the reference's, which computes in F64
 */
public record Fuzzer(ValueCheck check, List<String> flat, List<String> layered, List<String> dense, boolean takesTurns,
        double reference) {
    private static final double REFERENCE = 1e-4;
    /** Graphs, decoders with dense layers only, and other decoders take turns. */
    private static final int KINDS = 3;

    public Fuzzer {
        flat = List.copyOf(flat);
        layered = List.copyOf(layered);
        dense = List.copyOf(dense);
    }

    /** Without pipelines yet: models are run in the fast form and compared with the reference. */
    public Fuzzer(PassRegistry registry) {
        this(new ValueCheck(registry).in(ValueCheck.Form.FAST), List.of(), List.of(), List.of(), false, REFERENCE);
    }

    /** This with pipelines for flat graphs, such as clean-ups. */
    public Fuzzer flat(String... pipelines) {
        return new Fuzzer(check, List.of(pipelines), layered, dense, takesTurns, reference);
    }

    /** This with pipelines for models with layers; where the result has layers still, it is lowered. */
    public Fuzzer layered(String... pipelines) {
        return new Fuzzer(check, flat, List.of(pipelines), dense, takesTurns, reference);
    }

    /** This with pipelines for models with dense layers only. */
    public Fuzzer dense(String... pipelines) {
        return new Fuzzer(check, flat, layered, List.of(pipelines), takesTurns, reference);
    }

    /** This in these forms of the graph. */
    public Fuzzer in(ValueCheck.Form... forms) {
        return new Fuzzer(check.in(forms), flat, layered, dense, takesTurns, reference);
    }

    /**
     * This with more for the passes to use, such as calibration samples; asked for a new context for each pipeline, by several threads. A
     * pass that runs the model needs an executor in it: {@code new ValueCheck(registry).context().executor()} is one.
     */
    public Fuzzer with(Supplier<PassContext> contexts) {
        return new Fuzzer(check.with(contexts), flat, layered, dense, takesTurns, reference);
    }

    /** This, but a decoder goes through one of the flat pipelines only, in turn: most of the time goes into loading graphs. */
    public Fuzzer takeTurns() {
        return new Fuzzer(check, flat, layered, dense, true, reference);
    }

    /**
     * What was done.
     *
     * @param models  models drawn
     * @param changed results of each pipeline that differed from what it was given, and so were run and compared
     */
    public record Summary(int models, Map<String, Integer> changed) {
        public Summary {
            changed = java.util.Collections.unmodifiableMap(new TreeMap<>(changed));
        }
    }

    /** Models of these seeds, several at once; fails with an {@link AssertionError} where something is wrong with one. */
    public Summary run(long first, int models) {
        var changed = new ConcurrentSkipListMap<String, Integer>();
        // thrown here and not by a worker: what a worker throws comes back as a copy, which has no message
        var failure = new AtomicReference<AssertionError>();
        LongStream.range(first, first + models).parallel().filter(seed -> failure.get() == null).forEach(seed -> {
            try {
                one(seed).forEach(p -> changed.merge(p, 1, Integer::sum));
            } catch (AssertionError e) {
                failure.compareAndSet(null, e);
            }
        });
        if (failure.get() != null) {
            throw failure.get();
        }
        return new Summary(models, changed);
    }

    private List<String> one(long seed) {
        return switch ((int) Math.floorMod(seed, (long) KINDS)) {
            case 0 -> graph(seed);
            case 1 -> dense(seed);
            default -> decoder(seed);
        };
    }

    /** {@link RandomModels#decoder} of this seed; gives the pipelines that changed it. */
    public List<String> decoder(long seed) {
        return named("RandomModels.decoder(" + seed + ")", seed, s -> decoder(RandomModels.decoder(s), layered));
    }

    /** {@link RandomModels#dense} of this seed; gives the pipelines that changed it. */
    public List<String> dense(long seed) {
        var all = new ArrayList<>(layered);
        all.addAll(dense);
        return named("RandomModels.dense(" + seed + ")", seed, s -> decoder(RandomModels.dense(s), all));
    }

    /** {@link RandomModels#graph} of this seed; gives the pipelines that changed it. */
    public List<String> graph(long seed) {
        return named("RandomModels.graph(" + seed + ")", seed, s -> graph(RandomModels.graph(s)));
    }

    private static List<String> named(String what, long seed, LongFunction<List<String>> run) {
        try {
            return run.apply(seed);
        } catch (AssertionError | RuntimeException | LinkageError | StackOverflowError e) {
            throw new AssertionError(what + ": " + (e.getMessage() == null ? e : e.getMessage()), e);
        }
    }

    private List<String> decoder(RandomModel drawn, List<String> pipelines) {
        ValueCheck on = check.on(drawn.script());
        Model model = drawn.model();
        sound(model);
        Model lowered = on.flat(model);
        sound(lowered);
        List<Trace> expected = on.traces(model, lowered);
        Trace byDefinition = ReferenceRun.trace(model, drawn.script(), SelectionListener.NONE, Interpreter.Precision.F64);
        for (Trace t : expected) {
            byDefinition.difference(t, reference).ifPresent(d -> {
                throw new AssertionError("'" + check.lowering() + "' against the reference: " + d);
            });
        }
        var changed = new ArrayList<String>();
        for (String p : turn(drawn.seed())) {
            Model after = run(p, lowered);
            if (changes(lowered, after)) {
                on.same("after '" + p + "'", expected, on.traces(model, after));
                changed.add(p);
            }
        }
        for (String p : pipelines) {
            Model after = run(p, model);
            if (changes(model, after)) {
                on.same("after '" + p + "'", expected, on.traces(ValueCheck.planned(model, after), on.flat(after)));
                changed.add(p);
            }
        }
        return changed;
    }

    private List<String> turn(long seed) {
        return !takesTurns || flat.isEmpty() ? flat : List.of(flat.get((int) Math.floorMod(seed / KINDS, (long) flat.size())));
    }

    private List<String> graph(RandomGraph drawn) {
        Model graph = drawn.model();
        sound(graph);
        Trace expected = Traces.graph(graph.graph(), graph.weights(), drawn.inputs());
        ReferenceGraph.trace(drawn, Interpreter.Precision.F64).difference(expected, reference).ifPresent(d -> {
            throw new AssertionError("against the reference: " + d);
        });
        var changed = new ArrayList<String>();
        for (String p : flat) {
            Model after = run(p, graph);
            if (changes(graph, after)) {
                check.sameGraph("after '" + p + "'", expected, Traces.graph(after.graph(), after.weights(), drawn.inputs()));
                changed.add(p);
            }
        }
        return changed;
    }

    private Model run(String pipeline, Model model) {
        Model after = Pipeline.parse(pipeline, check.registry()).run(model, check.context(), Pipeline.Listener.NONE);
        sound(after);
        return after;
    }

    private static boolean changes(Model before, Model after) {
        return !Printer.print(before.graph()).equals(Printer.print(after.graph()));
    }

    /** Verifies, and is printed and read back the same, which verifies too. */
    private void sound(Model model) {
        valid(model, "");
        boolean whole = !model.info().equals(ModelInfo.NONE);
        String text = whole ? Printer.print(model) : Printer.print(model.graph());
        var source = new SourceText("printed.mir", text);
        Model again = whole ? Parser.model(source, check.registry().ops(), model.weights())
                : model.withGraph(Parser.region(source, check.registry().ops()));
        String second = whole ? Printer.print(again) : Printer.print(again.graph());
        if (!text.equals(second)) {
            throw new AssertionError("printed and read back, it is another:\n" + text + "\n" + second);
        }
        valid(again, "printed and read back, ");
    }

    private void valid(Model model, String when) {
        List<Diagnostic> found = Verifier.check(model, check.registry().ops());
        if (!found.isEmpty()) {
            throw new AssertionError(when + "it does not verify: " + found.getFirst());
        }
    }
}
