// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.embed;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.KeptTokens;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.cli.plan.PromptFlops;
import io.github.depthc.cli.plan.RoutedModel;
import io.github.depthc.cli.run.Bundles;
import io.github.depthc.frontend.sentence.SentencePooling;
import io.github.depthc.frontend.tokenizer.Tokenizer;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.passes.builtin.BuiltinPasses;
import io.github.depthc.passes.builtin.DenseLayers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** An encoder's bundle, loaded: texts in, vectors out. */
final class Embedder implements AutoCloseable {
    private static final int SHOWN = 40;

    private final OrtEngine engine;
    private final Tokenizer tokenizer;
    private final SentencePooling pooling;
    private final Model flat;
    private final Model dense;
    // Many texts have one length, and to count a graph's work takes as long as to do that of a short text.
    private final Map<Work, Double> flops = new HashMap<>();
    private final Map<Integer, Double> denseFlops = new HashMap<>();

    /** What the FLOPs of a text depend on. */
    private record Work(int tokens, List<Integer> kept) {
    }

    private Embedder(OrtEngine engine, Tokenizer tokenizer, SentencePooling pooling, Model layered) {
        this.engine = engine;
        this.tokenizer = tokenizer;
        this.pooling = pooling;
        this.flat = BuiltinPasses.lowered(layered);
        this.dense = BuiltinPasses.lowered(DenseLayers.of(layered));
    }

    /** Loads a bundle; {@link InputException} unless it is an encoder's and has a tokenizer. */
    static Embedder open(Path folder, OrtOptions options) throws IOException {
        Bundle bundle = Bundles.open(folder);
        if (bundle.info().output() != BundleInfo.Output.HIDDEN_STATES) {
            throw new InputException(folder + ": is a decoder (" + bundle.info().model().architecture() + "), expected an encoder such as bert; depthc run gives its text");
        }
        SentencePooling pooling = SentencePooling.of(folder);
        Model layered = RoutedModel.of(bundle);
        Tokenizer tokenizer = Tokenizer.open(folder, bundle.info().model().vocab());
        try {
            return new Embedder(OrtEngine.open(bundle, options), tokenizer, pooling, layered);
        } catch (IOException | RuntimeException | Error e) {
            tokenizer.close();
            throw e;
        }
    }

    SentencePooling pooling() {
        return pooling;
    }

    /** The token ids of a text; {@link InputException} for one that is longer than the model's context. */
    int[] encode(String text) {
        int[] ids = Arrays.stream(tokenizer.encode(text)).mapToInt(Math::toIntExact).toArray();
        int context = engine.info().model().context();
        if (ids.length == 0 || ids.length > context) {
            throw new InputException("the text \"" + (text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text) + "\" has " + ids.length
                    + " tokens, expected 1 to " + context + ", the model's context; nothing is cut off, so divide it");
        }
        return ids;
    }

    /** Vectors of texts, run as one batch. */
    List<Embedded> embed(List<int[]> texts) {
        List<Slot> slots = texts.stream().map(t -> engine.open()).toList();
        try {
            StepOutput hidden = engine.prefill(slots, texts.stream().map(PromptInput::of).toList());
            var embedded = new ArrayList<Embedded>();
            int at = 0;
            for (int i = 0; i < texts.size(); i++) {
                int n = texts.get(i).length;
                int candidates = CandidateTokens.DEFAULT.count(n, engine.info().candidates());
                int[] kept = KeptTokens.of(engine.info().layers(), n, candidates, slots.get(i).cacheLengths());
                embedded.add(new Embedded(n, kept, flops.computeIfAbsent(new Work(n, Arrays.stream(kept).boxed().toList()),
                        w -> PromptFlops.of(flat, n, candidates, kept).total()), denseFlops.computeIfAbsent(n, t -> PromptFlops.dense(dense, t).total()),
                        pooling.vector(hidden.logits(), at, n, hidden.vocab())));
                at += n;
            }
            return embedded;
        } finally {
            slots.forEach(Slot::close);
        }
    }

    @Override
    public void close() {
        engine.close();
        tokenizer.close();
    }
}
