// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import io.github.depthc.ir.Counted;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.api.Cost;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.Sample;
import io.github.depthc.passes.builtin.DenseLayers;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Runs routed forms of a model as they will be served, and says how far their answers are from the dense model's: a sample's first
 * tokens are the prompt, prefilled with routing; the rest, the continuation, is fed behind it, with the caches that the prompt left.
 * What is measured is KL(dense ‖ routed) of the next-token distributions at the prompt's last token and along the continuation. An encoder
 * takes a sample whole, and what is measured is 1 − cosine of its vector and the dense one: see {@link Answer}.
 *
 * <p>Layers run one after the other, each over all samples: in memory are the weights of one layer, or of as many as {@link Limits}
 * allow where they allow all, and the hidden states of the samples before and behind one layer; also those before some layers of one form,
 * at least where the last one parted from it, from which others start that differ from it further on. Nothing runs before it is asked for.
 */
public final class Rehearsal implements AutoCloseable {
    /** A prompt's first and last token are kept by most rules; with one more there is something to skip. */
    static final int SHORTEST_PROMPT = 3;
    /** Samples over which a layer is timed, unless the first takes long. */
    private static final int TIMED = 3;
    private static final double LONG_SECONDS = 1;

    private final Model model;
    private final PassContext context;
    private final Answer answer;
    private final int continuation;
    private final Limits limits;
    private final Runnable ran;
    private final List<Split> samples = new ArrayList<>();
    private final int leftOut;
    private final LoadedParts loaded;
    private final List<HostTensor> dense = new ArrayList<>();
    private Trajectory known = new Trajectory(List.of(), new TreeMap<>());
    private long layersRun;

    /**
     * What is held in memory.
     *
     * @param weights bytes of weights in F32, where all of them are no more; else a layer's or the head's are held
     * @param states  bytes of hidden states, besides those before and behind one layer
     */
    public record Limits(long weights, long states) {
        /** Of an ordinary machine. */
        public static final Limits DEFAULT = new Limits(2L << 30, 1L << 30);
    }

    /** A sample, cut into prompt and continuation. */
    private record Split(Sample sample, int number, int tokens, int prompt, boolean[] candidates) {
    }

    /** Parts that have been run, and the hidden states before some of them, by their number. */
    private record Trajectory(List<Object> parts, NavigableMap<Integer, List<HostTensor>> before) {
    }

    /**
     * A prompt on its way through the layers.
     *
     * @param number     of its sample
     * @param hidden     hidden states, {@code f32[tokens, d]}
     * @param candidates which tokens may be skipped
     */
    public record Prompt(int number, HostTensor hidden, boolean[] candidates) {
    }

    /**
     * Where a routed form has been run to.
     *
     * @param part    what comes next, as a decoder of its own that takes hidden states as embeddings; its layers are nodes
     * @param prompts what goes into it, of each sample
     */
    public record Standing(Model part, List<Prompt> prompts) {
    }

    /**
     * Reads the samples.
     *
     * @param model        routed or not; its layers are nodes
     * @param continuation tokens at the end of each sample that are its continuation; an encoder's has none
     * @throws InputException if there are no samples, or none is longer than its continuation and two tokens
     */
    public Rehearsal(Model model, int continuation, PassContext context) {
        this(model, continuation, context, Limits.DEFAULT, () -> { });
    }

    /**
     * As above.
     *
     * @param ran told whenever a layer has been run over a sample
     */
    public Rehearsal(Model model, int continuation, PassContext context, Limits limits, Runnable ran) {
        this.model = model;
        this.context = context;
        this.answer = Answer.of(model);
        this.continuation = answer == Answer.VECTOR ? 0 : continuation;
        this.limits = limits;
        this.ran = ran;
        List<Sample> given = context.calibration();
        Routing.Candidates rule = rule(model);
        for (int s = 0; s < given.size(); s++) {
            int prompt = prompt(given.get(s));
            if (prompt >= SHORTEST_PROMPT && skipsNothingBehind(given.get(s), prompt)) {
                samples.add(split(given.get(s), s, prompt, rule));
            }
        }
        leftOut = given.size() - samples.size();
        if (samples.isEmpty()) {
            throw none(given);
        }
        loaded = new LoadedParts(model, context, limits.weights);
    }

    private InputException none(List<Sample> given) {
        if (given.stream().noneMatch(g -> g.candidates().isPresent())) {
            return new InputException("calibration samples have " + given.stream().mapToInt(Sample::tokens).max().orElse(0) + " tokens at most, "
                    + (answer == Answer.VECTOR ? "expected at least " + SHORTEST_PROMPT + "; give longer texts"
                    : "of which the last " + continuation + " are to be the continuation, expected at least " + SHORTEST_PROMPT + " tokens of prompt before it; give longer "
                    + "texts or change the pass's option continuation"));
        }
        return new InputException("no calibration sample has a prompt of at least " + SHORTEST_PROMPT + " tokens with all tokens of its image: what is measured is the continuation behind it, which "
                + "is the line's \"answer\", or where it has none the last " + Counted.of(continuation, "token") + ", into which the image reaches; behind an image give an \"answer\", or a longer text");
    }

    /** How many tokens of a sample are its prompt. */
    private int prompt(Sample sample) {
        return answer == Answer.VECTOR ? sample.tokens() : sample.prompt().orElse(sample.tokens() - continuation);
    }

    /** Tokens that may be skipped, such as those of an image, all stand in the prompt. */
    private static boolean skipsNothingBehind(Sample sample, int prompt) {
        return sample.candidates().isEmpty() || IntStream.range(prompt, sample.tokens()).noneMatch(t -> sample.candidates().get()[t]);
    }

    private static Split split(Sample sample, int number, int prompt, Routing.Candidates rule) {
        return new Split(sample, number, sample.tokens(), prompt, candidates(sample, prompt, rule));
    }

    /** Which routed layers' rule holds for samples that do not say which of their tokens may be skipped. */
    static Routing.Candidates rule(Model model) {
        return model.routings().stream().map(Routing::candidates).findFirst().orElse(Routing.Candidates.PROMPT);
    }

    /** Which of a sample's first tokens may be skipped. */
    static boolean[] candidates(Sample sample, int prompt, Routing.Candidates rule) {
        var flags = new boolean[prompt];
        if (sample.candidates().isPresent()) {
            System.arraycopy(sample.candidates().get(), 0, flags, 0, prompt);
        } else if (rule == Routing.Candidates.PROMPT) {
            Arrays.fill(flags, 1, prompt - 1, true);
        } else if (rule == Routing.Candidates.ALL) {
            Arrays.fill(flags, true);
        }
        return flags;
    }

    /** Runs the dense model, unless that has been done. */
    private void prepare() {
        if (dense.isEmpty()) {
            known.before.put(0, embed(samples));
            dense.addAll(run(DenseLayers.of(model), true, all()));
        }
    }

    private List<HostTensor> embed(List<Split> some) {
        var states = new ArrayList<HostTensor>();
        Region graph = DecoderPart.embedding(model);
        try (Executor.Program program = context.executor().compile(graph, model.weights())) {
            for (Split s : some) {
                states.add(program.run(s.sample.inputs(graph, s.number)).getFirst());
            }
        }
        return states;
    }

    /** What is measured. */
    Answer answer() {
        return answer;
    }

    /** Number of samples that are measured on. */
    public int samples() {
        return samples.size();
    }

    /** Number of samples that are too short to be. */
    public int leftOut() {
        return leftOut;
    }

    /** Remarks how many samples are too short, if any is. */
    public void remarkLeftOut() {
        if (leftOut > 0) {
            context.remark(Diagnostic.remark(Location.NONE, leftOut + " of " + (samples.size() + leftOut) + " calibration samples " + (leftOut == 1 ? "is" : "are")
                    + " left out: "
                    + (answer == Answer.VECTOR ? "of fewer than " + SHORTEST_PROMPT + " tokens." : "too short for a prompt before " + Counted.of(continuation, "token")
                    + " of continuation" + (samples.getFirst().sample.candidates().isPresent() ? ", or with an image that reaches into it, and no \"answer\" that would be it." : "."))));
        }
    }

    /** A prompt of the mean length. */
    public Cost.Mix meanPrompt() {
        long[] tokens = promptTokens();
        return new Cost.Mix(tokens[0] / samples.size(), tokens[1] / samples.size());
    }

    /** The prompt whose length is nearest to the mean, as it goes into the first layer. */
    Prompt typicalPrompt() {
        Split nearest = typical();
        return new Prompt(nearest.number, rows(embed(List.of(nearest)).getFirst(), 0, nearest.prompt), nearest.candidates);
    }

    /** Tokens of the {@linkplain #typicalPrompt() typical prompt}. */
    int typicalTokens() {
        return typical().prompt;
    }

    private Split typical() {
        long mean = meanPrompt().tokens();
        return samples.stream().min(Comparator.comparingLong(s -> Math.abs(s.prompt - mean))).orElseThrow();
    }

    /** Prompt tokens of all samples that may be skipped, and those that may not. */
    private long[] promptTokens() {
        long candidates = 0;
        long others = 0;
        for (Split s : samples) {
            for (boolean c : s.candidates) {
                candidates += c ? 1 : 0;
                others += c ? 0 : 1;
            }
        }
        return new long[] {candidates, others};
    }

    /** How many times a layer has been run so far, over all samples or some. */
    public long layersRun() {
        return layersRun;
    }

    /** How far each sample's answers are from the dense model's: of a decoder, mean KL(dense ‖ routed) in nats. What is common to the form last {@linkplain #keep kept} is not run again. */
    public double[] kl(Model routed) {
        return kl(routed, all());
    }

    /**
     * The same, of some samples alone.
     *
     * @param some their places among those that are measured on, from 0
     */
    public double[] kl(Model routed, int[] some) {
        prepare();
        return compare(run(routed, false, some), some);
    }

    /** As {@link #kl}, and keeps this form's hidden states, from which others start that are the same up to some layer. */
    public double[] keep(Model routed) {
        prepare();
        return compare(run(routed, true, all()), all());
    }

    private double[] compare(List<HostTensor> states, int[] some) {
        var kl = new double[some.length];
        for (int i = 0; i < kl.length; i++) {
            kl[i] = apart(dense.get(some[i]), states.get(i));
            if (!Double.isFinite(kl[i])) {
                throw unmeasurable(samples.get(some[i]).number, "its " + (answer == Answer.VECTOR ? "vectors" : "logits") + " have a NaN or an infinity");
            }
        }
        return kl;
    }

    /**
     * Runs a routed form as far as to the part that has this layer. Its hidden states there are kept in the place of all others, so that forms
     * that are the same before that part start from there.
     */
    public Standing before(Model routed, int layer) {
        prepare();
        List<DecoderPart> parts = DecoderPart.of(routed);
        int end = 0;
        for (int layers = 0; layers + parts.get(end).model().info().layers() <= layer; end++) {
            layers += parts.get(end).model().info().layers();
        }
        List<HostTensor> states = advance(parts.subList(0, end), false, all());
        known = new Trajectory(parts.subList(0, end).stream().map(DecoderPart::content).toList(), new TreeMap<>(Map.of(end, states)));
        var prompts = new ArrayList<Prompt>();
        for (int s = 0; s < samples.size(); s++) {
            Split split = samples.get(s);
            prompts.add(new Prompt(split.number, rows(states.get(s), 0, split.prompt), split.candidates));
        }
        return new Standing(parts.get(end).model(), prompts);
    }

    private int[] all() {
        return IntStream.range(0, samples.size()).toArray();
    }

    /** The error for a sample, by its number, that cannot be used. */
    public static InputException unmeasurable(int number, String why) {
        return new InputException("calibration sample " + number + " cannot be measured: " + why + "; the weights overflow, or the sample is one to "
                + "leave out");
    }

    private double apart(HostTensor a, HostTensor b) {
        return answer == Answer.VECTOR ? Answer.apart(a, b) : Divergence.mean(logits(a), logits(b));
    }

    private HostTensor logits(HostTensor states) {
        return loaded.head().run(Map.of(GraphNames.INPUTS_EMBEDS, states, GraphNames.LOGITS_AT,
                HostTensor.of(LongStream.range(0, states.shape()[0]).toArray()))).getFirst();
    }

    /**
     * Hidden states behind the last layer, of each sample's last prompt token and its continuation but for the last token; of an encoder, the
     * sample's vector.
     */
    private List<HostTensor> run(Model routed, boolean keep, int[] some) {
        List<HostTensor> states = advance(DecoderPart.of(routed), keep, some);
        var wanted = new ArrayList<HostTensor>();
        for (int i = 0; i < some.length; i++) {
            if (answer == Answer.VECTOR) {
                wanted.add(Answer.vector(states.get(i)));
                continue;
            }
            Split split = samples.get(some[i]);
            HostTensor last = rows(states.get(i), split.prompt - 1, split.tokens - 1);
            HostTensor own = HostTensor.zeros(last.dtype(), last.shape()); // a view would keep all the others in memory
            MemorySegment.copy(last.data(), 0, own.data(), 0, last.data().byteSize());
            wanted.add(own);
        }
        return wanted;
    }

    /** Hidden states behind the last of these parts, the first ones of a form; from the last place on where states of the same are known. */
    private List<HostTensor> advance(List<DecoderPart> parts, boolean keep, int[] some) {
        int common = 0;
        while (common < parts.size() && common < known.parts.size() && parts.get(common).content().equals(known.parts.get(common))) {
            common++;
        }
        if (known.before.floorKey(common) == null) { // kept were those of places further on
            known = new Trajectory(known.parts, new TreeMap<>(Map.of(0, embed(samples))));
        }
        int begin = known.before.floorKey(common);
        var before = new TreeMap<>(known.before.headMap(begin, true));
        List<HostTensor> states = Arrays.stream(some).mapToObj(known.before.get(begin)::get).toList();
        for (int p = begin; p < parts.size(); p++) {
            if (keep && fits(before.size() + 1)) {
                before.putIfAbsent(p, states);
            } else if (!keep && p == common && some.length == samples.size()) {
                partsHere(p, states);
            }
            states = run(parts.get(p), states, some);
        }
        if (keep) {
            known = new Trajectory(parts.stream().map(DecoderPart::content).toList(), before);
        }
        return states;
    }

    /** Keeps the hidden states where a form parts from the known one, in the place of those furthest on where not all fit: the next form may part there too. */
    private void partsHere(int part, List<HostTensor> states) {
        if (!known.before.containsKey(part) && !fits(known.before.size() + 1)) {
            known.before.pollLastEntry();
        }
        known.before.putIfAbsent(part, states);
    }

    private boolean fits(int boundaries) {
        return boundaries * stateBytes() <= limits.states;
    }

    /** Bytes of the hidden states of all samples at one place. */
    long stateBytes() {
        return tokens() * model.info().hidden() * DType.F32.bytes();
    }

    /** Tokens of all samples. */
    long tokens() {
        return samples.stream().mapToLong(Split::tokens).sum();
    }

    /** Before how many layers hidden states are kept of the dense model, from which routed forms start. */
    int kept() {
        return (int) Math.min(model.info().layers(), limits.states / stateBytes());
    }

    /** How many layers are run to measure a form that differs from the dense model from this layer on. */
    int layersFrom(int layer) {
        return model.info().layers() - Math.max(0, Math.min(layer, kept() - 1));
    }

    /** This layer and those behind it. */
    int layersBehind(int layer) {
        return model.info().layers() - layer;
    }

    /** How many layers are run to measure so many forms one after the other for each of these layers, ascending, that differ from the dense model from it on. */
    long layersFromEach(List<Integer> layers, long each) {
        long runs = 0;
        int place = 0;
        for (int layer : layers) {
            runs += each * layersBehind(layer) + (layer < kept() ? 0 : layer - Math.max(place, kept() - 1));
            place = layer;
        }
        return runs;
    }

    /** Whether the weights of more than one layer are held at once. */
    boolean holdsSeveral() {
        return loaded.several();
    }

    /** Bytes of weights, in F32, that are held at once. */
    long weightBytes() {
        return loaded.most();
    }

    /** What a dense layer and the head take, in seconds: to load the layer, to run it over all samples, and to tell all answers apart. */
    record Pace(double load, double layer, double answers) {
        /** What measuring takes that runs a layer so often, and compares answers so often. */
        double seconds(double layers, double comparisons) {
            return layers * (load + layer) + comparisons * answers;
        }
    }

    /** Runs one dense layer, and the head, over a few samples. */
    Pace pace() {
        List<Split> some = samples.subList(0, Math.min(TIMED, samples.size()));
        Split first = some.getFirst();
        List<HostTensor> before = embed(some);
        List<DecoderPart> parts = DecoderPart.of(DenseLayers.of(model));
        loaded.decoder(parts.getLast()); // the first takes the runtime's own start, too
        long start = System.nanoTime();
        loaded.decoder(parts.getFirst());
        double load = loaded.several() ? 0 : since(start);
        start = System.nanoTime();
        HostTensor after = over(parts.getFirst(), List.of(first), before).getFirst();
        double perToken = since(start) / first.tokens;
        if (perToken * first.tokens < LONG_SECONDS) { // that may have been mostly warming up
            start = System.nanoTime();
            over(parts.getFirst(), some, before);
            perToken = since(start) / some.stream().mapToLong(Split::tokens).sum();
        }
        HostTensor last = answer == Answer.VECTOR ? Answer.vector(after) : rows(after, first.prompt - 1, first.tokens - 1);
        apart(last, last);
        start = System.nanoTime();
        apart(last, last);
        return new Pace(load, perToken * tokens(), since(start) * samples.size());
    }

    private static double since(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    private List<HostTensor> run(DecoderPart part, List<HostTensor> before, int[] some) {
        List<HostTensor> after = over(part, Arrays.stream(some).mapToObj(samples::get).toList(), before);
        layersRun += part.model().info().layers();
        return after;
    }

    private List<HostTensor> over(DecoderPart part, List<Split> some, List<HostTensor> before) {
        Executor.Decoder decoder = loaded.decoder(part);
        var after = new ArrayList<HostTensor>();
        for (int s = 0; s < some.size(); s++) {
            Split split = some.get(s);
            try (Executor.Sequence sequence = decoder.sequence()) {
                HostTensor prompt = sequence.append(rows(before.get(s), 0, split.prompt), split.candidates);
                int rest = split.tokens - split.prompt;
                after.add(rest == 0 ? prompt : join(prompt, sequence.append(rows(before.get(s), split.prompt, split.tokens), new boolean[rest])));
            } catch (ArithmeticException e) {
                throw unmeasurable(split.number, "behind " + part.name() + " it has a NaN or an infinity");
            }
            requireNormable(after.getLast(), split, part);
            ran.run();
        }
        return after;
    }

    /** A norm that sums up squares beyond F32 makes zeros of a row: then all forms of the model answer alike, and wrongly. */
    private static void requireNormable(HostTensor hidden, Split split, DecoderPart behind) {
        float[] x = hidden.floats();
        int width = (int) hidden.shape()[1];
        for (int row = 0; row < x.length; row += width) {
            float squares = 0;
            for (int i = row; i < row + width; i++) {
                squares += x[i] * x[i];
            }
            if (!Float.isFinite(squares)) {
                throw unmeasurable(split.number, "behind " + behind.name() + " the squares of its hidden state at position " + row / width
                        + " have a sum beyond F32, for which a norm makes zeros of it");
            }
        }
    }

    static HostTensor rows(HostTensor x, int begin, int end) {
        long line = x.shape()[1] * x.dtype().bytes();
        return new HostTensor(x.dtype(), new long[] {end - begin, x.shape()[1]}, x.data().asSlice(begin * line, (end - begin) * line));
    }

    private static HostTensor join(HostTensor a, HostTensor b) {
        HostTensor both = HostTensor.zeros(a.dtype(), a.shape()[0] + b.shape()[0], a.shape()[1]);
        MemorySegment.copy(a.data(), 0, both.data(), 0, a.data().byteSize());
        MemorySegment.copy(b.data(), 0, both.data(), a.data().byteSize(), b.data().byteSize());
        return both;
    }

    @Override
    public void close() {
        loaded.close();
    }
}
