// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.api.Lowering;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.Sample;
import io.github.depthc.passes.builtin.DenseLayers;
import io.github.depthc.passes.builtin.allocate.Observed.Kept;
import io.github.depthc.passes.builtin.allocate.Observed.LayerKept;
import io.github.depthc.passes.builtin.allocate.Observed.PartTime;
import io.github.depthc.passes.builtin.allocate.Observed.Times;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PrimitiveIterator;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Runs a routed model on a few calibration prompts, layer by layer, and notes which tokens each layer keeps and how long it takes, routed and dense.
 * In memory are the weights of one layer, or of all where {@link Rehearsal.Limits} lets them be, and the hidden states of the prompts. What is
 * measured differs from one run to the next.
 */
public final class Observation {
    private static final int MOST_PROMPTS = 16;
    private static final int MOST_VALUES = 128;
    /** Timed runs where all forms are loaded: as many as this, or fewer that take no longer than the seconds. */
    private static final int MOST_RUNS = 15;
    private static final double SECONDS = 5;
    /** Where they are loaded one after the other; and the fewest of any. */
    private static final int LEAST_RUNS = 3;
    /** Runs before those, which are not timed; of what takes longer than the seconds, one. */
    private static final int WARM_UP = 3;
    private static final double LONG_SECONDS = 0.5;
    private static final String WORK = "seeing what layers keep";

    private final Model routed;
    private final PassContext context;
    private final LongSupplier clock;
    private final LoadedParts loaded;
    private final List<Prompt> prompts;
    private final Prompt typical;
    private final int longest;
    private final int width;
    private final boolean inTurns;
    private int runs = LEAST_RUNS;

    /** A part of the model, routed first, then dense; and the hidden states before it. {@code dense} is empty where it has no routed layer. */
    private record Timed(int first, int last, Supplier<Executor.Decoder> routed, List<Supplier<Executor.Decoder>> dense, HostTensor hidden) {
    }

    /** A sample's first tokens, and which of them may be skipped. */
    private record Prompt(Sample sample, int number, boolean[] candidates) {
        int tokens() {
            return candidates.length;
        }
    }

    private Observation(Model routed, List<Prompt> prompts, PassContext context, LongSupplier clock, LoadedParts loaded, int values) {
        this.routed = routed;
        this.context = context;
        this.clock = clock;
        this.loaded = loaded;
        this.prompts = prompts;
        double mean = prompts.stream().mapToInt(Prompt::tokens).average().orElseThrow();
        this.typical = prompts.stream().min(Comparator.comparingDouble(p -> Math.abs(p.tokens() - mean))).orElseThrow();
        this.longest = prompts.stream().mapToInt(Prompt::tokens).max().orElseThrow();
        this.width = Math.ceilDiv(longest, values);
        this.inTurns = loaded.several() && 2 * loaded.most() <= Rehearsal.Limits.DEFAULT.weights(); // routed and dense layers are loaded for themselves
    }

    /**
     * Runs a model on at most 16 of the context's samples.
     *
     * @param routed       its layers are nodes
     * @param continuation tokens at the end of each sample that are no part of its prompt, where the sample does not say; an encoder's has none
     * @throws InputException for a model that cannot be run layer by layer, or samples that are all too short
     */
    public static Observed of(Model routed, int continuation, PassContext context) {
        return of(routed, continuation, context, System::nanoTime, MOST_VALUES);
    }

    /** The same with a clock, in nanoseconds, and at most so many values for each layer. */
    static Observed of(Model routed, int continuation, PassContext context, LongSupplier clock, int values) {
        List<Prompt> prompts = prompts(routed, continuation, context);
        try (var loaded = new LoadedParts(routed, context, Rehearsal.Limits.DEFAULT.weights())) {
            return new Observation(routed, prompts, context, clock, loaded, values).run();
        }
    }

    private static List<Prompt> prompts(Model routed, int continuation, PassContext context) {
        List<Sample> samples = context.calibration();
        var prompts = new ArrayList<Prompt>();
        for (int s = 0; s < samples.size() && prompts.size() < MOST_PROMPTS; s++) {
            Sample sample = samples.get(s);
            int tokens = routed.encoder() ? sample.tokens() : sample.prompt().orElse(sample.tokens() - continuation);
            if (tokens >= Rehearsal.SHORTEST_PROMPT) {
                prompts.add(new Prompt(sample, s, Rehearsal.candidates(sample, tokens, Rehearsal.rule(routed))));
            }
        }
        if (prompts.isEmpty()) {
            throw new InputException("no calibration sample has a prompt of at least " + Rehearsal.SHORTEST_PROMPT + " tokens; give longer texts");
        }
        return prompts;
    }

    private Observed run() {
        List<DecoderPart> parts = DecoderPart.of(routed);
        List<DecoderPart> dense = DecoderPart.of(DenseLayers.of(routed));
        HostTensor[] hidden = embedded();
        var kept = new ArrayList<LayerKept>();
        var pending = new ArrayList<Timed>();
        var times = new ArrayList<PartTime>();
        for (int p = 0, layer = 0; p < parts.size(); p++) {
            int end = layer + parts.get(p).model().info().layers();
            context.progress().at(WORK, layer, dense.size());
            HostTensor before = hidden[prompts.indexOf(typical)];
            kept.addAll(advance(parts.get(p), layer, hidden));
            pending.add(timed(parts.get(p), dense.subList(layer, end), layer, p == parts.size() - 1, before));
            if (!inTurns) {
                times.addAll(times(pending));
                pending.clear();
            }
            layer = end;
        }
        times.addAll(times(pending));
        context.progress().at(WORK, dense.size(), dense.size());
        return new Observed(new Kept(prompts.size(), longest, width, kept), new Times(typical.tokens(), runs, times));
    }

    /** The hidden states before the first layer. */
    private HostTensor[] embedded() {
        Region graph = DecoderPart.embedding(routed);
        try (Executor.Program program = context.executor().compile(graph, routed.weights())) {
            return prompts.stream().map(p -> Rehearsal.rows(program.run(p.sample.inputs(graph, p.number)).getFirst(), 0, p.tokens())).toArray(HostTensor[]::new);
        }
    }

    /** Runs all prompts through a part, whose first layer has this index; {@code hidden} becomes what comes out. */
    private List<LayerKept> advance(DecoderPart part, int first, HostTensor[] hidden) {
        Region flat = Lowering.of(part.model().graph());
        Map<Integer, Integer> places = new HashMap<>();
        var wanted = new ArrayList<Value>(List.of(flat.yields().getFirst()));
        for (Node node : flat.nodes()) {
            if (node.kind() instanceof ModSelect select) {
                places.put(select.index(), wanted.size());
                wanted.add(node.result(0));
            }
        }
        int layers = part.model().info().layers();
        int values = Math.ceilDiv(longest, width);
        var kept = new long[layers][values];
        var there = new long[values];
        try (Executor.Program program = context.executor().compile(FirstPrompt.of(flat, wanted), part.model().weights())) {
            for (int i = 0; i < hidden.length; i++) {
                Prompt prompt = prompts.get(i);
                var inputs = new HashMap<>(FirstPrompt.inputs(hidden[i], prompt.candidates));
                inputs.put(GraphNames.LOGITS_AT, HostTensor.of(LongStream.range(0, prompt.tokens()).toArray()));
                List<HostTensor> out = program.run(inputs);
                IntStream.range(0, prompt.tokens()).forEach(t -> there[t / width]++);
                for (int l = 0; l < layers; l++) {
                    Integer place = places.get(first + l);
                    LongStream tokens = place == null ? LongStream.range(0, prompt.tokens()) : Arrays.stream(out.get(place).longs());
                    long[] of = kept[l];
                    tokens.forEach(t -> of[(int) t / width]++);
                }
                hidden[i] = out.getFirst();
            }
        }
        return IntStream.range(0, layers).mapToObj(l -> new LayerKept(first + l, IntStream.range(0, values).mapToObj(v -> (double) kept[l][v] / there[v]).toList())).toList();
    }

    private Timed timed(DecoderPart part, List<DecoderPart> dense, int first, boolean last, HostTensor hidden) {
        boolean same = dense.size() == 1 && dense.getFirst().content().equals(part.content());
        List<Supplier<Executor.Decoder>> forms = same ? List.of() : dense.stream().map(d -> decoder(d, last && d == dense.getLast())).toList();
        return new Timed(first, first + dense.size() - 1, decoder(part, last), forms, hidden);
    }

    private Supplier<Executor.Decoder> decoder(DecoderPart part, boolean last) {
        return () -> last ? loaded.decoderForLast(part) : loaded.decoder(part);
    }

    private List<PartTime> times(List<Timed> parts) {
        var forms = new ArrayList<Supplier<Executor.Decoder>>();
        var inputs = new ArrayList<HostTensor>();
        for (Timed part : parts) {
            forms.add(part.routed);
            forms.addAll(part.dense);
            inputs.addAll(Collections.nCopies(1 + part.dense.size(), part.hidden));
        }
        PrimitiveIterator.OfDouble medians = Arrays.stream(inTurns ? inTurns(forms, inputs) : oneByOne(forms, inputs)).mapToDouble(s -> Arrays.stream(s).sorted().toArray()[s.length / 2])
                .iterator();
        return parts.stream().map(part -> {
            double routedSeconds = medians.nextDouble();
            double denseSeconds = part.dense.stream().mapToDouble(d -> medians.nextDouble()).sum();
            return new PartTime(part.first, part.last, routedSeconds, part.dense.isEmpty() ? routedSeconds : denseSeconds);
        }).toList();
    }

    /** All forms run once, then all again: what slows the machine down for a while slows all down alike. */
    private double[][] inTurns(List<Supplier<Executor.Decoder>> forms, List<HostTensor> inputs) {
        double turn = 0;
        for (int i = 0; i < WARM_UP && turn < LONG_SECONDS; i++) {
            turn = 0;
            for (int f = 0; f < forms.size(); f++) {
                turn += seconds(forms.get(f).get(), inputs.get(f));
            }
        }
        runs = Math.clamp((long) (SECONDS / Math.max(turn, Double.MIN_NORMAL)), LEAST_RUNS, MOST_RUNS);
        double[][] seconds = new double[forms.size()][runs];
        for (int i = 0; i < runs; i++) {
            for (int f = 0; f < forms.size(); f++) {
                seconds[f][i] = seconds(forms.get(f).get(), inputs.get(f));
            }
        }
        return seconds;
    }

    /** The runs of a form follow one another: to load it may take longer than to run it. */
    private double[][] oneByOne(List<Supplier<Executor.Decoder>> forms, List<HostTensor> inputs) {
        double[][] seconds = new double[forms.size()][LEAST_RUNS];
        for (int f = 0; f < forms.size(); f++) {
            Executor.Decoder decoder = forms.get(f).get();
            seconds(decoder, inputs.get(f));
            for (int i = 0; i < LEAST_RUNS; i++) {
                seconds[f][i] = seconds(decoder, inputs.get(f));
            }
        }
        return seconds;
    }

    private double seconds(Executor.Decoder decoder, HostTensor hidden) {
        try (Executor.Sequence sequence = decoder.sequence()) {
            long start = clock.getAsLong();
            sequence.appendForLast(hidden, typical.candidates);
            return (clock.getAsLong() - start) / 1e9;
        } catch (ArithmeticException e) {
            throw Rehearsal.unmeasurable(typical.number, e.getMessage());
        }
    }
}
