// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.bench;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.KeptTokens;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.cli.plan.PromptFlops;
import io.github.depthc.cli.plan.RoutedModel;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.mod.Routing;
import java.io.IOException;
import java.util.List;

/** One of the two that are measured: a bundle, and which prompt tokens it may skip. */
final class Contender {
    private final String name;
    private final Engine engine;
    private final boolean skips;
    /** The model that the bundle was made from, lowered as the engine runs it. */
    private final Model flat;

    private Contender(String name, Engine engine, boolean skips, Model model) {
        this.name = name;
        this.engine = engine;
        this.skips = skips;
        this.flat = PromptFlops.counted(engine, model);
    }

    /**
     * A contender.
     *
     * @param engine runs the bundle
     * @param skips  whether its layers may skip tokens; else every token is processed by every layer
     */
    static Contender of(String name, Bundle bundle, Engine engine, boolean skips) throws IOException {
        return new Contender(name, engine, skips, RoutedModel.of(bundle));
    }

    String name() {
        return name;
    }

    /**
     * One prefill and some decode steps.
     *
     * @param prefill  seconds
     * @param decode   seconds of all steps together
     * @param kept     prompt tokens that each layer processed
     * @param kvBytes  used after the prompt
     */
    record Round(double prefill, double decode, int[] kept, long kvBytes) {
    }

    /** Prefills and then feeds the given tokens one by one; what the model would choose makes no difference to the time. */
    Round run(BenchPrompt prompt, int[] next) {
        try (Slot slot = engine.open()) {
            PromptInput input = prompt.input(engine.info().candidates());
            long start = System.nanoTime();
            slot.prefill(input.withCandidates(candidates(prompt)));
            double prefill = (System.nanoTime() - start) / 1e9;
            BundleInfo info = engine.info();
            int[] kept = KeptTokens.of(info.layers(), prompt.tokens(), candidateCount(prompt), slot.cacheLengths());
            long kv = slot.kvBytesUsed();
            List<Slot> slots = List.of(slot);
            start = System.nanoTime();
            for (int id : next) {
                engine.step(slots, new int[] {id});
            }
            return new Round(prefill, (System.nanoTime() - start) / 1e9, kept, kv);
        }
    }

    /** Whether its own rule needs image tokens, for which all positions but the first and the last stand in here. */
    boolean standsInForImages() {
        Routing.Candidates rule = engine.info().candidates();
        boolean routed = engine.info().layers().stream().anyMatch(l -> l.routing().isPresent());
        return skips && routed && (rule == Routing.Candidates.VISION || rule == Routing.Candidates.GIVEN);
    }

    private CandidateTokens candidates(BenchPrompt prompt) {
        if (!skips) {
            return CandidateTokens.NONE;
        }
        int tokens = prompt.tokens();
        return prompt.images() ? prompt.input(engine.info().candidates()).candidates() : standsInForImages() && tokens > 2 ? CandidateTokens.range(1, tokens - 1) : CandidateTokens.DEFAULT;
    }

    private int candidateCount(BenchPrompt prompt) {
        return candidates(prompt).count(prompt.tokens(), engine.info().candidates());
    }

    /** FLOPs that a prefill really did, by the graph that the engine runs; in layers with a threshold by the tokens that were kept. */
    PromptFlops flops(BenchPrompt prompt, int[] kept) {
        return PromptFlops.of(flat, prompt.tokens(), candidateCount(prompt), kept);
    }
}
