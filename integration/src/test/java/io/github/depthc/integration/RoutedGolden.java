// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.depthc.backend.ort.OrtExecutor;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.backend.runtime.TokenRange;
import io.github.depthc.ir.Model;
import io.github.depthc.passes.builtin.BuiltinPasses;
import io.github.depthc.testkit.KeptSets;
import io.github.depthc.testkit.Script;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Compares a routed model with a golden's cases {@code c0, c1, …}: logits of prompts and decode steps and cache lengths
 * after every call, of rows alone and of all cases as uneven rows of one batch, and the sets of kept prompt tokens. A golden
 * may go on with {@code more_ids}, a second part of the prompt behind the decoded tokens.
 */
final class RoutedGolden {
    private static final double TOLERANCE = 2e-4;

    private final Golden golden;
    private final int layers;
    private final int cases;

    private RoutedGolden(Golden golden, int layers) {
        this.golden = golden;
        this.layers = layers;
        int n = 0;
        while (golden.has("c" + n + ".ids")) {
            n++;
        }
        this.cases = n;
    }

    /** Converts the model, whose layers are not lowered yet, to a bundle in this folder and runs it; gives the number of cases. */
    static int check(Golden golden, Model model, Path bundle, Bundles.Form form) throws IOException {
        var all = new RoutedGolden(golden, model.info().layers());
        try (Engine engine = Bundles.engine(model, bundle, form);
                KeptSets keptSets = KeptSets.of(Bundles.run(model, BuiltinPasses.LOWERING), new OrtExecutor(OrtOptions.DEFAULT.withThreads(2)))) {
            for (int i = 0; i < all.cases; i++) {
                all.keptSets("c" + i + ".", keptSets);
                boolean plan = form == Bundles.Form.PLAN || form == Bundles.Form.CUDA;
                all.alone("c" + i + ".", engine, !plan);
                if (plan) {
                    all.keptByPlan("c" + i + ".", engine);
                }
            }
            all.batch(engine);
        }
        return all.cases;
    }

    /** @param more whether the engine takes a second part of a prompt */
    private void alone(String c, Engine engine, boolean more) {
        try (Slot slot = engine.open()) {
            Compare.rows(c + "prompt", golden.floats(c + "logits"), slot.prefill(prompt(c).withAllLogits()), TOLERANCE);
            assertCaches(c + "prompt", c, 0, slot);
            int[] decode = golden.ints(c + "decode_ids");
            for (int t = 0; t < decode.length; t++) {
                StepOutput step = engine.step(List.of(slot), new int[] {decode[t]});
                Compare.row(c + "step " + t, golden.floats(c + "decode_logits"), t, step, 0, TOLERANCE);
                assertCaches(c + "step " + t, c, t + 1, slot);
            }
            if (more && golden.has(c + "more_ids")) {
                PromptInput second = PromptInput.of(golden.ints(c + "more_ids")).withCandidates(given(c + "more_candidates"));
                Compare.rows(c + "more", golden.floats(c + "more_logits"), slot.prefill(second.withAllLogits()), TOLERANCE);
                assertCaches(c + "more", c, decode.length + 1, slot);
            }
        }
    }

    private void keptSets(String c, KeptSets keptSets) {
        assertKept(c, keptSets.kept(List.of(new Script.Prompt(golden.ints(c + "ids"), ranges(c + "candidates"))))::get);
    }

    /** What the plan itself kept, read from its device. */
    private void keptByPlan(String c, Engine engine) {
        var kept = new HashMap<Integer, int[]>();
        try (Slot slot = engine.open()) {
            engine.prefill(slot, prompt(c), kept);
        }
        assertKept(c, layer -> Arrays.stream(kept.get(layer)).asLongStream().toArray());
    }

    private void assertKept(String c, IntFunction<long[]> kept) {
        for (int l = 0; l < layers; l++) {
            String name = c + "layer" + l + ".kept";
            if (golden.has(name)) {
                assertArrayEquals(golden.longs(name), kept.apply(l), name);
            }
        }
    }

    /** Where a reference is limited to one row, every row is as it is alone. */
    private void batch(Engine engine) {
        var slots = new ArrayList<Slot>();
        var prompts = new ArrayList<PromptInput>();
        int steps = Integer.MAX_VALUE;
        for (int i = 0; i < cases; i++) {
            slots.add(engine.open());
            prompts.add(prompt("c" + i + "."));
            steps = Math.min(steps, golden.ints("c" + i + ".decode_ids").length);
        }
        StepOutput first = engine.prefill(slots, prompts);
        for (int i = 0; i < cases; i++) {
            String c = "c" + i + ".";
            Compare.row("row " + i + " of a batch", golden.floats(c + "logits"), golden.ints(c + "ids").length - 1, first, i, TOLERANCE);
            assertCaches("row " + i + " of a batch", c, 0, slots.get(i));
        }
        for (int t = 0; t < steps; t++) {
            int[] tokens = new int[cases];
            for (int i = 0; i < cases; i++) {
                tokens[i] = golden.ints("c" + i + ".decode_ids")[t];
            }
            StepOutput step = engine.step(slots, tokens);
            for (int i = 0; i < cases; i++) {
                String c = "c" + i + ".";
                Compare.row("row " + i + " of a batch, step " + t, golden.floats(c + "decode_logits"), t, step, i, TOLERANCE);
                assertCaches("row " + i + " of a batch, step " + t, c, t + 1, slots.get(i));
            }
        }
        slots.forEach(Slot::close);
    }

    private PromptInput prompt(String c) {
        PromptInput input = PromptInput.of(golden.ints(c + "ids"));
        boolean byRule = golden.has(c + "by_rule") && golden.flags(c + "by_rule")[0];
        return byRule ? input : input.withCandidates(given(c + "candidates"));
    }

    private CandidateTokens given(String name) {
        return new CandidateTokens.Ranges(ranges(name));
    }

    private List<TokenRange> ranges(String name) {
        boolean[] flags = golden.flags(name);
        var ranges = new ArrayList<TokenRange>();
        for (int i = 0; i < flags.length; i++) {
            if (flags[i]) {
                ranges.add(new TokenRange(i, i + 1));
            }
        }
        return ranges;
    }

    private void assertCaches(String what, String c, int call, Slot slot) {
        long[] lengths = golden.longs(c + "cache_lengths");
        int[] want = Arrays.stream(lengths, call * layers, (call + 1) * layers).mapToInt(Math::toIntExact).toArray();
        assertArrayEquals(want, slot.cacheLengths(), what + ": cache lengths");
    }
}
