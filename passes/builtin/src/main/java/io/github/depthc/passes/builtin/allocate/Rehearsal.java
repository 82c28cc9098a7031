// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.Sample;
import io.github.depthc.passes.builtin.DenseLayers;
import io.github.depthc.passes.builtin.lower.LowerMod;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.LongStream;

/**
 * Runs routed forms of a model as they will be served, and says how far their answers are from the dense model's: a sample's first
 * tokens are the prompt, prefilled with routing; the rest, the continuation, is fed behind it, with the caches that the prompt left.
 * What is measured is KL(dense ‖ routed) of the next-token distributions at the prompt's last token and along the continuation.
 *
 * <p>Layers run one after the other, each over all samples: in memory are the weights of as many layers as {@link #MOST_WEIGHTS}
 * allows, at least one, and the hidden states of the samples before and behind one layer; where {@link #MOST_STATES} allows, those
 * before every layer of one routed form, from which others start that differ from it further on.
 */
public final class Rehearsal implements AutoCloseable {
    private static final long MOST_WEIGHTS = 2L << 30;
    private static final long MOST_STATES = 1L << 30;

    private final Model model;
    private final PassContext context;
    private final List<Split> samples;
    private final Executor.Program head;
    private final SequencedMap<Object, Loaded> loaded = new LinkedHashMap<>();
    private final List<HostTensor> embedded = new ArrayList<>();
    private final List<HostTensor> dense = new ArrayList<>();
    private Trajectory known = new Trajectory(List.of(), List.of());
    private long loadedBytes;
    private long layersRun;

    /** A sample, cut into prompt and continuation. */
    private record Split(int tokens, int prompt, boolean[] candidates) {
    }

    private record Loaded(Executor.Decoder decoder, long bytes) {
    }

    /** Parts that have been run, and the hidden states before each of them. */
    private record Trajectory(List<Object> parts, List<List<HostTensor>> before) {
    }

    /**
     * Prepares, and runs the dense model.
     *
     * @param model        routed or not; its layers are nodes
     * @param continuation tokens at the end of each sample that are its continuation
     * @throws InputException if there are no samples, or one is not longer than its continuation and two tokens
     */
    public Rehearsal(Model model, int continuation, PassContext context) {
        this.model = model;
        this.context = context;
        List<Sample> given = context.calibration();
        Routing.Candidates rule = model.routings().stream().map(Routing::candidates).findFirst().orElse(Routing.Candidates.PROMPT);
        this.samples = new ArrayList<>();
        for (int s = 0; s < given.size(); s++) {
            samples.add(split(given.get(s), s, continuation, rule));
        }
        this.head = context.executor().compile(DecoderPart.head(model), model.weights());
        try {
            embed(given);
            dense.addAll(run(DenseLayers.of(model), true));
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private static Split split(Sample sample, int number, int continuation, Routing.Candidates rule) {
        int prompt = sample.tokens() - continuation;
        if (continuation < 1 || prompt < 3) {
            throw new InputException("calibration sample " + number + " has " + sample.tokens() + " tokens, of which the last " + continuation
                    + " are to be its continuation, expected at least 3 tokens of prompt and 1 of continuation; give longer texts or change the pass's "
                    + "option continuation");
        }
        var flags = new boolean[prompt];
        if (sample.candidates().isPresent()) {
            System.arraycopy(sample.candidates().get(), 0, flags, 0, prompt);
        } else if (rule == Routing.Candidates.PROMPT) {
            Arrays.fill(flags, 1, prompt - 1, true);
        } else if (rule == Routing.Candidates.ALL) {
            Arrays.fill(flags, true);
        }
        return new Split(sample.tokens(), prompt, flags);
    }

    private void embed(List<Sample> given) {
        try (Executor.Program program = context.executor().compile(DecoderPart.embedding(model), model.weights())) {
            boolean embeddings = model.graph().param(GraphNames.INPUTS_EMBEDS) != null;
            for (int s = 0; s < given.size(); s++) {
                Sample sample = given.get(s);
                int number = s;
                embedded.add(program.run(embeddings
                        ? Map.of(GraphNames.INPUTS_EMBEDS, sample.embeddings().orElseThrow(() -> new InputException("calibration sample " + number
                                + " has no embeddings, which the model takes instead of token ids")))
                        : Map.of(GraphNames.TOKEN_IDS, HostTensor.of(sample.tokenIds()))).getFirst());
            }
        }
    }

    /** Number of samples. */
    public int samples() {
        return samples.size();
    }

    /** Prompt tokens of all samples that may be skipped, and those that may not. */
    public long[] promptTokens() {
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

    /** How many times a layer has been run over all samples so far. */
    public long layersRun() {
        return layersRun;
    }

    /** Mean KL(dense ‖ routed) of each sample, in nats. What is common to the form last {@linkplain #keep kept} is not run again. */
    public double[] kl(Model routed) {
        return compare(run(routed, false));
    }

    /** As {@link #kl}, and keeps this form's hidden states, from which others start that are the same up to some layer. */
    public double[] keep(Model routed) {
        return compare(run(routed, true));
    }

    private double[] compare(List<HostTensor> states) {
        var kl = new double[samples.size()];
        for (int s = 0; s < kl.length; s++) {
            kl[s] = Divergence.mean(logits(dense.get(s)), logits(states.get(s)));
        }
        return kl;
    }

    private HostTensor logits(HostTensor states) {
        return head.run(Map.of(GraphNames.INPUTS_EMBEDS, states, GraphNames.LOGITS_AT,
                HostTensor.of(LongStream.range(0, states.shape()[0]).toArray()))).getFirst();
    }

    /** Hidden states behind the last layer, of each sample's last prompt token and its continuation but for the last token. */
    private List<HostTensor> run(Model routed, boolean keep) {
        List<DecoderPart> parts = DecoderPart.of(routed);
        int common = 0;
        while (common < parts.size() && common < known.parts.size() && parts.get(common).content().equals(known.parts.get(common))) {
            common++;
        }
        var contents = new ArrayList<Object>(known.parts.subList(0, common));
        var before = new ArrayList<>(known.before.subList(0, Math.min(common + 1, known.before.size())));
        List<HostTensor> states = before.isEmpty() ? embedded : before.getLast();
        for (int p = Math.max(0, before.size() - 1); p < parts.size(); p++) {
            if (keep && before.size() == p && fits(p + 1)) {
                before.add(states);
            }
            if (p >= common) {
                contents.add(parts.get(p).content());
            }
            states = run(parts.get(p), states);
        }
        if (keep) {
            known = new Trajectory(contents, before);
        }
        var wanted = new ArrayList<HostTensor>();
        for (int s = 0; s < samples.size(); s++) {
            wanted.add(rows(states.get(s), samples.get(s).prompt - 1, samples.get(s).tokens - 1));
        }
        return wanted;
    }

    private boolean fits(int boundaries) {
        return boundaries * embedded.stream().mapToLong(e -> e.data().byteSize()).sum() <= MOST_STATES;
    }

    private List<HostTensor> run(DecoderPart part, List<HostTensor> before) {
        Executor.Decoder decoder = load(part);
        var after = new ArrayList<HostTensor>();
        for (int s = 0; s < before.size(); s++) {
            Split split = samples.get(s);
            try (Executor.Sequence sequence = decoder.sequence()) {
                HostTensor prompt = sequence.append(rows(before.get(s), 0, split.prompt), split.candidates);
                int rest = split.tokens - split.prompt;
                after.add(join(prompt, sequence.append(rows(before.get(s), split.prompt, split.tokens), new boolean[rest])));
            } catch (ArithmeticException e) {
                throw new InputException("calibration sample " + s + " cannot be measured: " + e.getMessage(), e);
            }
        }
        layersRun += part.model().info().layers();
        return after;
    }

    private Executor.Decoder load(DecoderPart part) {
        Loaded found = loaded.remove(part.content());
        if (found == null) {
            long bytes = weightBytes(part.model());
            while (!loaded.isEmpty() && loadedBytes + bytes > MOST_WEIGHTS) {
                Loaded oldest = loaded.pollFirstEntry().getValue();
                loadedBytes -= oldest.bytes;
                oldest.decoder.close();
            }
            if (!(new LowerMod().run(part.model(), new NoOptions(), context.quiet()) instanceof Outcome.Changed lowered)) {
                throw new IllegalStateException("a part without layers");
            }
            found = new Loaded(context.executor().decoder(lowered.model()), bytes);
            loadedBytes += bytes;
        }
        loaded.putLast(part.content(), found);
        return found.decoder;
    }

    private static long weightBytes(Model part) {
        return part.graph().nodes().stream().flatMap(n -> n.regions().stream()).flatMap(r -> r.nodes().stream())
                .filter(n -> n.kind() instanceof Weight).map(n -> (TensorType) n.result(0).type()).mapToLong(t -> Arrays.stream(t.fixedShape()).reduce(DType.F32.bytes(), Math::multiplyExact)).sum();
    }

    private static HostTensor rows(HostTensor x, int begin, int end) {
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
        head.close();
        loaded.values().forEach(l -> l.decoder.close());
        loaded.clear();
    }
}
