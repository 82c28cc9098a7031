package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.backend.runtime.TokenRange;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * p-MoD and γ-MoD against their reference implementations run in FP32 ({@code tools/goldens-mod}): logits of prompts and
 * decode steps, cache lengths after every call, and the sets of kept tokens.
 */
class ModGoldenTest {
    private static final double TOLERANCE = 2e-4;

    @TempDir
    Path temp;

    static Stream<Path> goldens() throws IOException {
        return Files.list(Repository.MOD_GOLDENS).filter(Files::isDirectory).sorted().map(Path::getFileName);
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void fastOperators(Path name) throws IOException {
        check(Repository.MOD_GOLDENS.resolve(name), false);
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void standardOperators(Path name) throws IOException {
        check(Repository.MOD_GOLDENS.resolve(name), true);
    }

    private void check(Path folder, boolean portable) throws IOException {
        try (Golden golden = Golden.open(folder); Checkpoint checkpoint = Checkpoint.open(folder)) {
            Model model = Importer.load(checkpoint);
            int cases = 0;
            try (Engine engine = Bundles.engine(Bundles.write(model, temp.resolve("bundle"), portable));
                    KeptSets keptSets = KeptSets.of(model)) {
                for (; golden.has("c" + cases + ".ids"); cases++) {
                    check(golden, "c" + cases + ".", engine, keptSets, model.info().layers());
                }
                batch(golden, cases, engine);
            }
            assertTrue(cases >= 3, folder + " has " + cases + " cases");
        }
    }

    private static void check(Golden golden, String c, Engine engine, KeptSets keptSets, int layers) {
        PromptInput input = prompt(golden, c);
        long[] lengths = golden.longs(c + "cache_lengths");
        try (Slot slot = engine.open()) {
            Compare.rows(c + "prompt", golden.floats(c + "logits"), slot.prefill(input.withAllLogits()), TOLERANCE);
            assertCaches(c + "prompt", lengths, 0, layers, slot);
            int[] decode = golden.ints(c + "decode_ids");
            for (int t = 0; t < decode.length; t++) {
                StepOutput step = engine.step(List.of(slot), new int[] {decode[t]});
                Compare.row(c + "step " + t, golden.floats(c + "decode_logits"), t, step, 0, TOLERANCE);
                assertCaches(c + "step " + t, lengths, t + 1, layers, slot);
            }
        }
        for (int l = 0; l < layers; l++) {
            String name = c + "layer" + l + ".kept";
            if (golden.has(name)) {
                assertArrayEquals(golden.longs(name), keptSets.kept(l, golden.longs(c + "ids"), golden.flags(c + "candidates")), name);
            }
        }
    }

    /** All cases of a folder as uneven rows of one batch: where the reference is limited to one row, every row is as it is alone. */
    private static void batch(Golden golden, int cases, Engine engine) {
        var slots = new ArrayList<Slot>();
        var prompts = new ArrayList<PromptInput>();
        int steps = Integer.MAX_VALUE;
        for (int i = 0; i < cases; i++) {
            slots.add(engine.open());
            prompts.add(prompt(golden, "c" + i + "."));
            steps = Math.min(steps, golden.ints("c" + i + ".decode_ids").length);
        }
        StepOutput first = engine.prefill(slots, prompts);
        for (int i = 0; i < cases; i++) {
            Compare.row("row " + i + " of a batch", golden.floats("c" + i + ".logits"), golden.ints("c" + i + ".ids").length - 1, first, i, TOLERANCE);
        }
        for (int t = 0; t < steps; t++) {
            int[] tokens = new int[cases];
            for (int i = 0; i < cases; i++) {
                tokens[i] = golden.ints("c" + i + ".decode_ids")[t];
            }
            StepOutput step = engine.step(slots, tokens);
            for (int i = 0; i < cases; i++) {
                Compare.row("row " + i + " of a batch, step " + t, golden.floats("c" + i + ".decode_logits"), t, step, i, TOLERANCE);
            }
        }
        slots.forEach(Slot::close);
    }

    private static PromptInput prompt(Golden golden, String c) {
        boolean[] flags = golden.flags(c + "candidates");
        var ranges = new ArrayList<TokenRange>();
        for (int i = 0; i < flags.length; i++) {
            if (flags[i]) {
                ranges.add(new TokenRange(i, i + 1));
            }
        }
        return PromptInput.of(golden.ints(c + "ids")).withCandidates(new CandidateTokens.Ranges(ranges));
    }

    private static void assertCaches(String what, long[] expected, int call, int layers, Slot slot) {
        int[] want = Arrays.stream(expected, call * layers, (call + 1) * layers).mapToInt(Math::toIntExact).toArray();
        assertArrayEquals(want, slot.cacheLengths(), what + ": cache lengths");
    }
}
