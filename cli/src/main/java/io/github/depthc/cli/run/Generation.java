// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.KeptTokens;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Sampler;
import io.github.depthc.backend.runtime.SamplingOptions;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.ir.DType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** Generates tokens after one prompt. */
final class Generation {
    /** Gets the logits of the prompt, before anything else is run. */
    @FunctionalInterface
    interface PromptLogits {
        void take(StepOutput logits) throws IOException;
    }

    private final Engine engine;
    private final PromptInput prompt;
    private final Sampler sampler;
    private final int most;
    private final int logprobs;

    /**
     * A generation.
     *
     * @param most     new tokens at most
     * @param logprobs how many of the most probable tokens to note at each step; 0 notes nothing
     */
    Generation(Engine engine, PromptInput prompt, SamplingOptions sampling, int most, int logprobs) {
        this.engine = engine;
        this.prompt = prompt;
        this.sampler = new Sampler(sampling);
        this.most = most;
        this.logprobs = logprobs;
    }

    /** Runs to the end; each new token goes to {@code text}. */
    GenerationResult run(PromptLogits logits, TextOutput text) throws IOException {
        try (Slot slot = engine.open()) {
            long start = System.nanoTime();
            var routed = new TreeMap<Integer, int[]>();
            StepOutput output = engine.prefill(slot, prompt, routed);
            double prefill = seconds(start);
            BundleInfo info = engine.info();
            int tokens = prompt.length(info.model().hidden());
            int[] kept = KeptTokens.of(info.layers(), tokens, prompt.candidates().count(tokens, info.candidates()), slot.cacheLengths());
            long promptKv = slot.kvBytesUsed();
            logits.take(output);
            var ids = new ArrayList<Integer>();
            var probabilities = new ArrayList<GenerationResult.TokenChoice>();
            GenerationResult.Stop stop = GenerationResult.Stop.LENGTH;
            List<Slot> slots = List.of(slot);
            int row = output.rows() - 1;
            int steps = 0;
            double decode = 0;
            while (ids.size() < most) {
                int id = sampler.next(output, row);
                if (logprobs > 0) {
                    probabilities.add(new GenerationResult.TokenChoice(id, Sampler.logprob(output, row, id), Sampler.topLogprobs(output, row, logprobs)));
                }
                ids.add(id);
                text.token(id);
                if (info.tokens().eos().contains(id)) {
                    stop = GenerationResult.Stop.EOS;
                    break;
                }
                if (ids.size() == most) {
                    break;
                }
                if (slot.length() >= info.model().context()) {
                    stop = GenerationResult.Stop.CONTEXT;
                    break;
                }
                start = System.nanoTime();
                output = engine.step(slots, new int[] {id});
                decode += seconds(start);
                row = 0;
                steps++;
            }
            return new GenerationResult(ids.stream().mapToInt(i -> i).toArray(), text.finish(), stop, kept, slot.cacheLengths(),
                    new GenerationResult.KvBytes(promptKv, slot.kvBytesUsed(), slot.kvBytesReserved(), dense(info, slot.length(), engine.cacheType())),
                    new GenerationResult.Times(prefill, decode, steps), routed, probabilities);
        }
    }

    private static long dense(BundleInfo info, int tokens, DType type) {
        return 2L * type.bytes() * info.model().layers() * info.model().kvHeads() * info.model().headDim() * tokens;
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }
}
