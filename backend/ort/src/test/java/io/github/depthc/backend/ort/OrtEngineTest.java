// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.bundle.BundleSpec;
import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.KeptTokens;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.mod.Routing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class OrtEngineTest {
    @TempDir
    private Path dir;

    private enum Kind {
        DENSE, PLAIN, KEEP, WINDOW, THRESHOLD, DENSE_PORTABLE, PLAIN_PORTABLE, THRESHOLD_PORTABLE;

        /** Every layer's cache is written in place. */
        boolean inPlace() {
            return this == DENSE || this == PLAIN || this == THRESHOLD;
        }

        OrtEngine open(Path dir) throws IOException {
            boolean portable = name().endsWith("PORTABLE");
            Routing threshold = new Routing(new Routing.Score.SharedLinear(), new Routing.Gate.One(), Routing.Placement.MLP,
                    new Routing.Selection.Threshold(0.5, 0.45), Routing.Candidates.ALL, Routing.SkippedKv.DROP, Routing.Positions.ORIGINAL,
                    new Routing.SkipPath.Identity(), Routing.DecodeRule.THRESHOLD);
            return OrtEngine.open(switch (this) {
                case DENSE, DENSE_PORTABLE -> TinyDecoder.bundle(dir, portable, null, null);
                case PLAIN, PLAIN_PORTABLE -> TinyDecoder.bundle(dir, portable, null, Routing.plain(0.5), Routing.plain(0.25), null);
                case KEEP -> TinyDecoder.bundle(dir, portable, null, keep(0.5), keep(0.25), null);
                case WINDOW -> TinyDecoder.bundle(dir, portable, 9, null, Routing.plain(0.5), Routing.plain(0.25), null);
                case THRESHOLD, THRESHOLD_PORTABLE -> TinyDecoder.bundle(dir, portable, null, threshold, threshold, null);
            }, OrtOptions.DEFAULT);
        }

        private static Routing keep(double ratio) {
            Routing p = Routing.plain(ratio);
            return new Routing(p.score(), p.gate(), p.placement(), p.selection(), p.candidates(), Routing.SkippedKv.KEEP, p.positions(),
                    p.skip(), p.decode());
        }
    }

    private static int[] tokens(int n, long seed) {
        return new Random(seed).ints(n, 0, TinyDecoder.VOCAB).toArray();
    }

    private static void assertClose(float[] expected, float[] actual, double tolerance, String where) {
        assertEquals(expected.length, actual.length);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], tolerance, where + ", logit " + i);
        }
    }

    /**
     * Bit for bit where the attention kernel knows each row's length. Attention with a mask adds over the whole capacity, which
     * the longest row decides, so that the order of its sums depends on the batch.
     */
    private static void assertSame(Kind kind, float[] expected, float[] actual, String where) {
        if (kind.inPlace()) {
            assertArrayEquals(expected, actual, where);
        } else {
            assertClose(expected, actual, 1e-5, where);
        }
    }

    /** Logits of a prompt's last position and of each step, one slot alone. */
    private static List<float[]> alone(OrtEngine engine, int[] prompt, int[] steps) {
        var all = new ArrayList<float[]>();
        try (Slot slot = engine.open()) {
            all.add(slot.prefill(PromptInput.of(prompt)).row(0));
            for (int t : steps) {
                all.add(engine.step(List.of(slot), new int[] {t}).row(0));
            }
        }
        return all;
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = {"THRESHOLD", "THRESHOLD_PORTABLE"})
    void decodeEqualsPrefillOfTheWholeSequence(Kind kind) throws IOException {
        // 140 steps from 20 tokens pass several capacities. The whole sequence has the candidates that the prompt alone has.
        int[] all = tokens(160, 1);
        try (OrtEngine engine = kind.open(dir)) {
            List<float[]> steps = alone(engine, Arrays.copyOf(all, 20), Arrays.copyOfRange(all, 20, all.length));
            Slot slot = engine.open();
            StepOutput whole = slot.prefill(PromptInput.of(all).withCandidates(CandidateTokens.range(1, 19)).withAllLogits());
            assertEquals(all.length, whole.rows());
            for (int i = 0; i < steps.size(); i++) {
                assertClose(whole.row(19 + i), steps.get(i), 1e-5, "position " + (19 + i));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void rowsAreTheSameAloneAndTogether(Kind kind) throws IOException {
        int[] lengths = {5, 1, 17, 40};
        int steps = 40;
        try (OrtEngine engine = kind.open(dir)) {
            var slots = new ArrayList<Slot>();
            var prompts = new ArrayList<PromptInput>();
            for (int i = 0; i < lengths.length; i++) {
                slots.add(engine.open());
                prompts.add(PromptInput.of(tokens(lengths[i], i)));
            }
            var together = new ArrayList<List<float[]>>();
            StepOutput output = engine.prefill(slots, prompts);
            for (int i = 0; i < lengths.length; i++) {
                together.add(new ArrayList<>(List.of(output.row(i))));
            }
            for (int s = 0; s < steps; s++) {
                int step = s;
                output = engine.step(slots, IntStream.range(0, lengths.length).map(i -> tokens(steps, 100 + i)[step]).toArray());
                for (int i = 0; i < lengths.length; i++) {
                    together.get(i).add(output.row(i));
                }
            }
            for (int i = 0; i < lengths.length; i++) {
                List<float[]> single = alone(engine, tokens(lengths[i], i), tokens(steps, 100 + i));
                for (int s = 0; s <= steps; s++) {
                    assertSame(kind, single.get(s), together.get(i).get(s), "row " + i + ", step " + s);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void slotsJoinAndLeave(Kind kind) throws IOException {
        try (OrtEngine engine = kind.open(dir)) {
            Slot[] s = {engine.open(), engine.open(), engine.open()};
            int[] next = new int[3];
            engine.prefill(List.of(s[0], s[1]), List.of(PromptInput.of(tokens(6, 0)), PromptInput.of(tokens(3, 1))));
            s[2].prefill(PromptInput.of(tokens(9, 2)));
            var seen = List.of(new ArrayList<float[]>(), new ArrayList<float[]>(), new ArrayList<float[]>());
            int[][] compositions = {{0, 1}, {0, 1, 2}, {2, 0}, {1}, {1, 2}, {2, 1, 0}, {0}};
            for (int round = 0; round < 3; round++) {
                for (int[] c : compositions) {
                    List<Slot> slots = Arrays.stream(c).mapToObj(i -> s[i]).toList();
                    StepOutput output = engine.step(slots, Arrays.stream(c).map(i -> tokens(100, 50 + i)[next[i]++]).toArray());
                    for (int r = 0; r < c.length; r++) {
                        seen.get(c[r]).add(output.row(r));
                    }
                }
            }
            int[] lengths = {6, 3, 9};
            for (int i = 0; i < 3; i++) {
                assertEquals(lengths[i] + next[i], s[i].length());
                List<float[]> single = alone(engine, tokens(lengths[i], i), Arrays.copyOf(tokens(100, 50 + i), next[i]));
                for (int k = 0; k < next[i]; k++) {
                    assertSame(kind, single.get(k + 1), seen.get(i).get(k), "slot " + i + ", step " + k);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"PLAIN", "PLAIN_PORTABLE", "WINDOW"})
    void cacheLengthsAreAsPredicted(Kind kind) throws IOException {
        try (OrtEngine engine = kind.open(dir); Slot slot = engine.open()) {
            slot.prefill(PromptInput.of(tokens(21, 3)));
            var layers = engine.info().layers();
            int[] predicted = layers.stream().mapToInt(l -> KeptTokens.predictCached(l, 21, 19).orElseThrow()).toArray();
            assertArrayEquals(new int[] {21, 2 + 9, 2 + 4, 21}, predicted);
            assertArrayEquals(predicted, slot.cacheLengths());
            long perToken = 2 * 64 * 4;
            long indices = kind == Kind.WINDOW ? (11 + 6) * 8 : 0;
            assertEquals((21 + 11 + 6 + 21) * perToken + indices, slot.kvBytesUsed());
            assertTrue(slot.kvBytesReserved() >= slot.kvBytesUsed());
            engine.step(List.of(slot), new int[] {1});
            assertArrayEquals(new int[] {22, 12, 7, 22}, slot.cacheLengths());
        }
    }

    @Test
    void aModelLoadedWithoutABundleHasItsBits() throws IOException {
        Routing[] layers = {null, Routing.gamma(0.4, 0.5), null};
        BundleSpec spec = TinyDecoder.spec(dir, false, 0, layers);
        int[] prompt = tokens(19, 4);
        try (OrtEngine written = OrtEngine.open(TinyDecoder.bundle(dir, false, layers), OrtOptions.DEFAULT);
                OrtEngine loaded = OrtEngine.load(spec, OrtOptions.DEFAULT)) {
            assertEquals(written.info().caches(), loaded.info().caches());
            Slot a = written.open();
            Slot b = loaded.open();
            assertArrayEquals(a.prefill(PromptInput.of(prompt).withCandidates(CandidateTokens.range(1, 18))).row(0),
                    b.prefill(PromptInput.of(prompt).withCandidates(CandidateTokens.range(1, 18))).row(0));
            assertArrayEquals(written.step(List.of(a), new int[] {7}).row(0), loaded.step(List.of(b), new int[] {7}).row(0));
            assertArrayEquals(a.cacheLengths(), b.cacheLengths());
        }
    }

    @Test
    void noCandidatesIsDense() throws IOException {
        int[] prompt = tokens(30, 4);
        try (OrtEngine dense = OrtEngine.open(TinyDecoder.bundle(dir, false, null, null, null, null), OrtOptions.DEFAULT);
                OrtEngine plain = Kind.PLAIN.open(dir)) {
            float[] expected = dense.open().prefill(PromptInput.of(prompt)).row(0);
            Slot slot = plain.open();
            assertClose(expected, slot.prefill(PromptInput.of(prompt).withCandidates(CandidateTokens.NONE)).row(0), 1e-5, "none");
            assertArrayEquals(new int[] {30, 30, 30, 30}, slot.cacheLengths());
            float[] routed = plain.open().prefill(PromptInput.of(prompt)).row(0);
            assertTrue(IntStream.range(0, routed.length).anyMatch(i -> Math.abs(routed[i] - expected[i]) > 1e-2));
        }
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void aLayerThatKeepsNothingIsTheIdentity(boolean portable) throws IOException {
        Routing p = Routing.plain(0);
        Routing none = new Routing(p.score(), p.gate(), p.placement(), p.selection(), Routing.Candidates.ALL, p.kv(), p.positions(), p.skip(),
                p.decode());
        try (OrtEngine routed = OrtEngine.open(TinyDecoder.bundle(dir, portable, null, none), OrtOptions.DEFAULT);
                OrtEngine one = OrtEngine.open(TinyDecoder.bundle(dir, portable, new Routing[] {null}), OrtOptions.DEFAULT)) {
            Slot slot = routed.open();
            assertClose(one.open().prefill(PromptInput.of(tokens(8, 5))).row(0), slot.prefill(PromptInput.of(tokens(8, 5))).row(0), 1e-6, "");
            assertArrayEquals(new int[] {8, 0}, slot.cacheLengths());
            // The decode rule is dense: from now on the layer takes part, on a cache that began empty.
            for (int i = 1; i <= 3; i++) {
                routed.step(List.of(slot), new int[] {i});
                assertArrayEquals(new int[] {8 + i, i}, slot.cacheLengths());
            }
        }
    }

    @Test
    void promptsCanContinueASequence() throws IOException {
        int[] all = tokens(50, 6);
        try (OrtEngine engine = Kind.DENSE.open(dir)) {
            float[] whole = engine.open().prefill(PromptInput.of(all)).row(0);
            Slot slot = engine.open();
            slot.prefill(PromptInput.of(Arrays.copyOf(all, 20)));
            engine.step(List.of(slot), new int[] {all[20]});
            assertClose(whole, slot.prefill(PromptInput.of(Arrays.copyOfRange(all, 21, 50))).row(0), 1e-5, "continued");
            assertEquals(50, slot.length());
        }
    }

    @Test
    void allLogitsOfSomePrompts() throws IOException {
        try (OrtEngine engine = Kind.DENSE.open(dir)) {
            StepOutput both = engine.prefill(List.of(engine.open(), engine.open()),
                    List.of(PromptInput.of(tokens(4, 7)).withAllLogits(), PromptInput.of(tokens(6, 8))));
            assertEquals(5, both.rows());
            float[] last = both.row(3);
            float[] other = both.row(4);
            assertArrayEquals(engine.open().prefill(PromptInput.of(tokens(4, 7))).row(0), last);
            assertArrayEquals(engine.open().prefill(PromptInput.of(tokens(6, 8))).row(0), other);
        }
    }

    @Test
    void closingFrees() throws IOException {
        try (OrtEngine engine = Kind.DENSE.open(dir)) {
            Slot a = engine.open();
            Slot b = engine.open();
            engine.prefill(List.of(a, b), List.of(PromptInput.of(tokens(4, 0)), PromptInput.of(tokens(4, 1))));
            // 32 entries of 512 bytes in each of two layers.
            assertEquals(2 * 32 * 512, a.kvBytesReserved());
            b.close();
            assertEquals(0, b.kvBytesReserved());
            assertEquals(2 * 2 * 32 * 512, a.kvBytesReserved(), "the other row is still there");
            engine.step(List.of(a), new int[] {1});
            assertEquals(2 * 32 * 512, a.kvBytesReserved());
            assertThrows(IllegalArgumentException.class, () -> engine.step(List.of(b), new int[] {1}));
            assertThrows(IllegalArgumentException.class, () -> engine.step(List.of(a, a), new int[] {1, 1}));
            b.close();
        }
    }

    @Test
    void capacityFollowsTheKeptTokens() throws IOException {
        try (OrtEngine engine = Kind.THRESHOLD.open(dir); Slot slot = engine.open()) {
            slot.prefill(PromptInput.of(tokens(250, 9)));
            long reserved = slot.kvBytesReserved();
            long used = slot.kvBytesUsed();
            assertTrue(used < 4 * 250 * 512L, "something was skipped");
            // Growth steps are 4/3 or 3/2; two entries and the smallest capacity come on top.
            assertTrue(reserved <= used * 1.5 + 4 * 512 * 34L, reserved + " reserved, " + used + " used");
        }
    }

    @Test
    void badInput() throws IOException {
        try (OrtEngine engine = Kind.PLAIN.open(dir); Slot slot = engine.open()) {
            message("the prompt is empty", () -> slot.prefill(PromptInput.of()));
            message("the prompt has 301 tokens, the model's context is 300", () -> slot.prefill(PromptInput.of(new int[301])));
            message("the token id 40 is outside the vocabulary, expected 0 to 39", () -> slot.prefill(PromptInput.of(1, 40)));
            message("the token id -1", () -> slot.prefill(PromptInput.of(-1)));
            message("the candidates 1:9", () -> slot.prefill(PromptInput.of(1, 2).withCandidates(CandidateTokens.range(1, 9))));
            message("takes token ids", () -> slot.prefill(PromptInput.ofEmbeddings(new float[16])));
            assertThrows(IllegalStateException.class, () -> engine.step(List.of(slot), new int[] {1}));
            assertEquals(0, slot.length());
            slot.prefill(PromptInput.of(new int[300]));
            message("the sequence has 300 tokens", () -> engine.step(List.of(slot), new int[] {1}));
            message("the token id 77", () -> engine.step(List.of(slot), new int[] {77}));
        }
    }

    private static void message(String expected, Runnable action) {
        var e = assertThrows(InputException.class, action::run);
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }
}
