// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import static io.github.depthc.backend.kernels.Buffers.assertBytes;
import static io.github.depthc.backend.kernels.Buffers.assertFloats;
import static io.github.depthc.backend.kernels.Buffers.assertInts;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.github.depthc.backend.kernels.host.Heads;
import io.github.depthc.backend.kernels.host.HostCache;
import io.github.depthc.backend.kernels.host.HostReceived;
import io.github.depthc.backend.kernels.host.HostRows;
import io.github.depthc.backend.kernels.host.HostScores;
import io.github.depthc.backend.kernels.host.HostSelect;
import io.github.depthc.ir.mod.RandomKey;
import io.github.depthc.ir.mod.Routing;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The CUDA sources themselves, run on the host, against plain Java. */
final class HostShimTest {
    private static final int[] WIDTHS = {1, 3, 8, 64, 100, 257, 1032};
    private static final float[] SPECIAL = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 0f, -0f, Float.MIN_VALUE, 1f, -1f};

    private static final Map<Precision, HostLibrary> LIBRARIES = new EnumMap<>(Precision.class);

    @BeforeAll
    static void compile(@TempDir Path folder) throws IOException, InterruptedException {
        for (Precision precision : Precision.values()) {
            LIBRARIES.put(precision, HostLibrary.compile(precision, folder));
        }
    }

    /** How far a stored value may be from the exact one: a little over half of the distance of neighbours. */
    private static double rounding(Precision precision) {
        return switch (precision) {
            case F32 -> 2e-6;
            case BF16 -> 0.00392;
            case F16 -> 0.00049;
        };
    }

    private interface Case {
        void run(HostLibrary library, Buffers b, Random random, int d);
    }

    /** Every width, aligned rows and rows that are not. */
    private static void widths(Precision precision, Case test) {
        var random = new Random(precision.ordinal() + 17);
        for (int d : WIDTHS) {
            for (int shift : new int[] {0, 4}) {
                try (var b = new Buffers(precision, random, shift)) {
                    test.run(LIBRARIES.get(precision), b, random, d);
                    b.checkGuards();
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void scores(Precision precision) {
        widths(precision, (library, b, random, d) -> {
            int n = 21;
            MemorySegment x = b.randomRows((long) n * d);
            MemorySegment w = b.randomFloats(2L * d);
            MemorySegment bias = random.nextBoolean() ? b.floats(0.3f) : null;
            Launch launch = Kernel.SCORE_LINEAR.launch(Sizes.of(Size.TOKENS, n));
            MemorySegment score = b.floats(n);
            MemorySegment expected = b.floats(n);
            library.launch(Kernel.SCORE_LINEAR, launch, x, n, d, w, bias, score);
            HostScores.linear(b.widen(x), n, d, w, bias, expected);
            assertFloats(expected, score, 1e-5 * Math.sqrt(d), "score_linear, d " + d);
            library.launch(Kernel.SCORE_SOFTMAX2, launch, x, n, d, w, score);
            HostScores.softmax2(b.widen(x), n, d, w, expected);
            assertFloats(expected, score, 1e-5 * Math.sqrt(d), "score_softmax2, d " + d);
        });
    }

    @ParameterizedTest
    @EnumSource
    void gatherAndNorm(Precision precision) {
        widths(precision, (library, b, random, d) -> {
            int n = 19;
            int[] kept = IntStream.range(0, n).filter(t -> random.nextInt(3) > 0).toArray();
            int k = kept.length;
            MemorySegment x = b.randomRows((long) n * d);
            MemorySegment indices = b.ints(kept);
            Launch launch = Kernel.GATHER.launch(Sizes.of(Size.KEPT, k));
            MemorySegment found = b.rows((long) k * d);
            MemorySegment expected = b.rows((long) k * d);
            library.launch(Kernel.GATHER, launch, x, indices, k, d * precision.bytes(), found);
            HostRows.gather(x, indices, k, d * precision.bytes(), expected);
            assertBytes(expected, found, "gather, d " + d);

            MemorySegment weight = b.randomFloats(d);
            boolean unitOffset = random.nextBoolean();
            MemorySegment copied = b.rows((long) k * d);
            MemorySegment normed = b.rows((long) k * d);
            library.launch(Kernel.GATHER_NORM, launch, x, indices, k, d, weight, 1e-5f, unitOffset ? 1 : 0, copied, normed);
            MemorySegment normedExpected = b.floats((long) k * d);
            HostRows.gatherNorm(b.widen(x), indices, k, d, weight, 1e-5f, unitOffset, b.floats((long) k * d), normedExpected);
            assertBytes(expected, copied, "gather_norm, kept");
            assertFloats(normedExpected, b.widen(normed), rounding(precision), "gather_norm, d " + d);
        });
    }

    @Test
    void gatherTakesRowsOfAnyBytes() {
        var random = new Random(5);
        for (int rowBytes : new int[] {1, 2, 4, 7, 8, 16, 48, 512, 1000}) {
            try (var b = new Buffers(Precision.F32, random, 0)) {
                MemorySegment src = b.bytes(11L * rowBytes);
                byte[] some = new byte[11 * rowBytes];
                random.nextBytes(some);
                src.copyFrom(MemorySegment.ofArray(some));
                MemorySegment indices = b.ints(10, 0, 3, 3);
                MemorySegment found = b.bytes(4L * rowBytes);
                MemorySegment expected = b.bytes(4L * rowBytes);
                LIBRARIES.get(Precision.F32).launch(Kernel.GATHER, Kernel.GATHER.launch(Sizes.of(Size.KEPT, 4)), src, indices, 4, rowBytes, found);
                HostRows.gather(src, indices, 4, rowBytes, expected);
                assertBytes(expected, found, "gather of " + rowBytes);
                b.checkGuards();
            }
        }
    }

    /** All forms of a combination, into a buffer of its own and in place, none, some and all tokens kept. */
    @ParameterizedTest
    @EnumSource
    void combine(Precision precision) {
        widths(precision, (library, b, random, d) -> {
            int n = 13;
            for (int form = 0; form < 6; form++) {
                double share = new double[] {0, 0.5, 1}[form % 3];
                int[] inverse = new int[n];
                int k = 0;
                for (int t = 0; t < n; t++) {
                    inverse[t] = random.nextDouble() < share ? k++ : -1;
                }
                MemorySegment place = b.ints(inverse);
                MemorySegment x = b.randomRows((long) n * d);
                MemorySegment y = b.randomRows((long) k * d);
                MemorySegment gate = random.nextBoolean() ? b.randomFloats(n) : null;
                MemorySegment skipped = random.nextInt(3) == 0 ? b.randomRows((long) n * d) : null;
                MemorySegment w = b.randomFloats(d);
                MemorySegment bias = random.nextBoolean() ? b.floats(-0.7f) : null;

                MemorySegment exact = b.floats((long) n * d);
                HostRows.combine(b.widen(x), n, d, place, b.widen(y), gate, skipped == null ? null : b.widen(skipped), exact);
                MemorySegment expected = b.narrow(exact, b.rows((long) n * d));
                MemorySegment expectedScore = b.floats(n);
                Launch launch = Kernel.COMBINE.launch(Sizes.of(Size.TOKENS, n));
                library.launch(Kernel.SCORE_LINEAR, launch, expected, n, d, w, bias, expectedScore);

                boolean inPlace = form >= 3;
                MemorySegment out = !inPlace ? b.rows((long) n * d) : b.copy(skipped == null ? x : skipped);
                MemorySegment in = inPlace && skipped == null ? out : x;
                MemorySegment others = inPlace && skipped != null ? out : skipped;
                library.launch(Kernel.COMBINE, launch, in, n, d, place, y, gate, others, out);
                assertBytes(expected, out, "combine, form " + form + ", d " + d);

                MemorySegment again = !inPlace ? b.rows((long) n * d) : b.copy(skipped == null ? x : skipped);
                MemorySegment score = b.floats(n);
                library.launch(Kernel.COMBINE_SCORE, launch, inPlace && skipped == null ? again : x, n, d, place, y, gate,
                        inPlace && skipped != null ? again : skipped, again, w, bias, score);
                assertBytes(expected, again, "combine_score, form " + form + ", d " + d);
                // Not nearly: the very bits.
                assertBytes(expectedScore, score, "score of combine_score, form " + form + ", d " + d);
            }
        });
    }

    /** Rows of uneven length, each token with a chance of being a candidate. */
    private record Tokens(int[] offsets, MemorySegment rowOffsets, MemorySegment candidates, int n) {
        static Tokens of(Buffers b, Random random, double share, int... lengths) {
            int[] offsets = new int[lengths.length + 1];
            for (int r = 0; r < lengths.length; r++) {
                offsets[r + 1] = offsets[r] + lengths[r];
            }
            int n = offsets[lengths.length];
            MemorySegment candidates = b.bytes(n);
            for (int t = 0; t < n; t++) {
                candidates.set(JAVA_BYTE, t, (byte) (random.nextDouble() < share ? 1 : 0));
            }
            return new Tokens(offsets, b.ints(offsets), candidates, n);
        }

        int rows() {
            return offsets.length - 1;
        }
    }

    private static Tokens randomTokens(Buffers b, Random random) {
        int[] lengths = IntStream.range(0, 1 + random.nextInt(4)).map(r -> random.nextInt(5) == 0 ? random.nextInt(3) : 1 + random.nextInt(90)).toArray();
        return Tokens.of(b, random, new double[] {0, 0.5, 0.9, 1}[random.nextInt(4)], lengths);
    }

    /** Scores: distinct ones, or many ties, or all the same, with special values among them. */
    private static MemorySegment keys(Buffers b, Random random, int n) {
        MemorySegment key = b.floats(n);
        int kind = random.nextInt(4);
        for (int t = 0; t < n; t++) {
            key.setAtIndex(JAVA_FLOAT, t, switch (kind) {
                case 0 -> (float) random.nextGaussian();
                case 1 -> random.nextInt(4) - 1.5f;
                case 2 -> 0.25f;
                default -> random.nextInt(3) == 0 ? SPECIAL[random.nextInt(SPECIAL.length)] : (float) random.nextGaussian();
            });
        }
        return key;
    }

    /** Selects on both sides and compares mask, counts and, after compaction, indices. Blocks of {@code block} threads: smaller ones go round more often. */
    private static void select(Buffers b, Routing.Selection selection, Tokens tokens, MemorySegment key, MemorySegment index, int block) {
        HostLibrary library = LIBRARIES.get(Precision.F32);
        MemorySegment mask = b.bytes(tokens.n);
        MemorySegment rowKept = b.floats(tokens.rows());
        var launch = new Launch(tokens.rows(), 1, 1, block, 0);
        MemorySegment offsets = tokens.rowOffsets;
        MemorySegment candidates = tokens.candidates;
        int rows = tokens.rows();
        float ratio = (float) selection.ratio();
        switch (selection) {
            case Routing.Selection.TopK s -> library.launch(Kernel.SELECT_TOP_K, launch, offsets, rows, candidates, key, ratio, 0, mask, rowKept);
            case Routing.Selection.RecentTopK s ->
                    library.launch(Kernel.SELECT_TOP_K, launch, offsets, rows, candidates, key, ratio, s.recent(), mask, rowKept);
            case Routing.Selection.Random s -> {
                long[] ab = RandomKey.coefficients(s.seed(), 3);
                library.launch(Kernel.SELECT_RANDOM, launch, offsets, rows, candidates, index, ab[0], ab[1], ab[2], ab[3], ratio, mask, rowKept);
            }
            case Routing.Selection.Threshold s -> library.launch(Kernel.SELECT_THRESHOLD, launch, offsets, rows, candidates, key, (float) s.prompt(),
                    (float) s.single(), mask, rowKept);
            case Routing.Selection.EvenlySpaced s -> library.launch(Kernel.SELECT_EVENLY, launch, offsets, rows, candidates, ratio, mask, rowKept);
            case Routing.Selection.MostRecent s -> library.launch(Kernel.SELECT_MOST_RECENT, launch, offsets, rows, candidates, ratio, mask, rowKept);
        }
        MemorySegment expectedMask = b.bytes(tokens.n);
        MemorySegment expectedKept = b.floats(rows);
        HostSelect.select(selection, 3, offsets, rows, candidates, key, index, expectedMask, expectedKept);
        assertInts(expectedKept, rowKept, selection + ", kept of each row");
        assertBytes(expectedMask, mask, selection + " of " + tokens.n);

        int kept = IntStream.of(rowKept.toArray(JAVA_INT)).sum();
        MemorySegment[] found = {b.floats(kept), b.floats(rows + 1), b.floats(tokens.n)};
        MemorySegment[] expected = {b.floats(kept), b.floats(rows + 1), b.floats(tokens.n)};
        library.launch(Kernel.COMPACT, launch, offsets, rows, mask, rowKept, found[0], found[1], found[2]);
        HostRows.compact(offsets, rows, expectedMask, expected[0], expected[1], expected[2]);
        assertInts(expected[0], found[0], selection + ", indices");
        assertInts(expected[1], found[1], selection + ", kept offsets");
        assertInts(expected[2], found[2], selection + ", inverse");
        b.checkGuards();
    }

    private static Routing.Selection selection(Random random, int kind) {
        double ratio = new double[] {0, 0.02, 0.15, 0.5, 0.8445, 0.999, 1}[random.nextInt(7)];
        return switch (kind % 6) {
            case 0 -> new Routing.Selection.TopK(ratio);
            case 1 -> new Routing.Selection.RecentTopK(ratio, random.nextInt(20));
            case 2 -> new Routing.Selection.Random(ratio, random.nextInt(1000));
            case 3 -> new Routing.Selection.Threshold(random.nextGaussian() / 2, random.nextGaussian() / 2);
            case 4 -> new Routing.Selection.EvenlySpaced(ratio);
            default -> new Routing.Selection.MostRecent(ratio);
        };
    }

    @Test
    void aThousandTopKSelectionsAreEqualIndexForIndex() {
        var random = new Random(1);
        for (int i = 0; i < 1000; i++) {
            try (var b = new Buffers(Precision.F32, random, 0)) {
                Tokens tokens = randomTokens(b, random);
                select(b, selection(random, i % 2), tokens, keys(b, random, tokens.n), null, 32 << random.nextInt(2));
            }
        }
    }

    @Test
    void otherSelectionsAreEqual() {
        var random = new Random(2);
        for (int i = 0; i < 400; i++) {
            try (var b = new Buffers(Precision.F32, random, 0)) {
                Tokens tokens = randomTokens(b, random);
                int start = random.nextInt(5000);
                MemorySegment index = b.ints(IntStream.range(start, start + tokens.n).toArray());
                select(b, selection(random, 2 + i % 4), tokens, keys(b, random, tokens.n), index, 32 << random.nextInt(2));
            }
        }
    }

    /** More tokens than a thread's registers hold, in the launch that a GPU gets. */
    @Test
    void longRows() {
        var random = new Random(3);
        for (int kind = 0; kind < 6; kind++) {
            try (var b = new Buffers(Precision.F32, random, 0)) {
                Tokens tokens = Tokens.of(b, random, 0.97, 5000, 1, 4097, 33);
                MemorySegment key = keys(b, random, tokens.n);
                MemorySegment index = b.ints(IntStream.range(0, tokens.n).toArray());
                Routing.Selection selection = kind == 0 ? new Routing.Selection.TopK(0.5) : selection(random, kind);
                select(b, selection, tokens, key, index, Kernel.SELECT_TOP_K.launch(Sizes.of(Size.ROWS, 4)).block());
            }
        }
    }

    @Test
    void ofOneCandidateEachShareKeepsNoneOrOne() {
        for (double ratio : new double[] {0, 0.999, 1}) {
            try (var b = new Buffers(Precision.F32, new Random(1), 0)) {
                Tokens tokens = Tokens.of(b, new Random(1), 1, 1, 1, 2);
                select(b, new Routing.Selection.TopK(ratio), tokens, b.floats(Float.NaN, 1, -1, Float.NaN), null, 32);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = "F32")
    void gates(Precision precision) {
        var random = new Random(4);
        List<Routing.Gate> gates = List.of(new Routing.Gate.One(), new Routing.Gate.Tanh(0.2, 1), new Routing.Gate.Sigmoid(1.5, -0.25),
                new Routing.Gate.Softmax(3, 0.5), new Routing.Gate.Probability());
        for (int i = 0; i < 100; i++) {
            try (var b = new Buffers(precision, random, 0)) {
                Tokens tokens = randomTokens(b, random);
                MemorySegment score = b.randomFloats(tokens.n);
                Routing.Gate gate = gates.get(i % gates.size());
                GateArguments a = GateArguments.of(gate);
                MemorySegment found = b.floats(tokens.n);
                MemorySegment expected = b.floats(tokens.n);
                LIBRARIES.get(precision).launch(Kernel.GATE, new Launch(tokens.rows(), 1, 1, 64, 0), a.kind(), a.alpha(), a.beta(),
                        gate instanceof Routing.Gate.One ? null : score, tokens.candidates, tokens.rowOffsets, tokens.rows(), found);
                HostScores.gate(gate, score, tokens.candidates, tokens.rowOffsets, tokens.rows(), expected);
                assertFloats(expected, found, 1e-6, gate.toString());
                b.checkGuards();
            }
        }
    }

    /** Caches of uneven length, empty ones too: a token is appended to some rows, then all attend. */
    @ParameterizedTest
    @EnumSource
    void cacheAndAttention(Precision precision) {
        var random = new Random(6);
        int[][] shapes = {{1, 1, 8}, {4, 2, 5}, {6, 2, 16}, {2, 2, 128}, {8, 1, 64}, {5, 1, 24}, {2, 1, 256}, {3, 3, 100}};
        for (int[] shape : shapes) {
            for (int form = 0; form < 6; form++) {
                try (var b = new Buffers(precision, random, random.nextInt(4) == 0 ? 4 : 0)) {
                    cacheAndAttention(precision, random, b, new Heads(shape[0], shape[1], shape[2], 0.3f, form % 2 == 0 ? 0 : 2.5f), form);
                    b.checkGuards();
                }
            }
        }
    }

    private static void cacheAndAttention(Precision precision, Random random, Buffers b, Heads h, int form) {
        HostLibrary library = LIBRARIES.get(precision);
        int rows = 3;
        int[] lengths = {random.nextInt(70), 1 + random.nextInt(9), 0};
        int w = h.kvHeads() * h.headDim();
        boolean indexed = form >= 2;
        int window = form >= 4 ? 1 + random.nextInt(20) : form == 1 ? 7 : 0;
        var k = new ArrayList<MemorySegment>();
        var v = new ArrayList<MemorySegment>();
        var index = new ArrayList<MemorySegment>();
        for (int length : lengths) {
            k.add(b.randomRows((long) (length + 1) * w));
            v.add(b.randomRows((long) (length + 1) * w));
            // Entries have gaps: those in them were skipped by the layer.
            index.add(b.ints(IntStream.range(0, length + 1).map(t -> 2 * t).toArray()));
        }
        MemorySegment place = b.ints(IntStream.of(lengths).map(n -> 2 * n + 1).toArray());
        MemorySegment newK = b.randomRows((long) rows * w);
        MemorySegment newV = b.randomRows((long) rows * w);
        // The last cache is empty and, in half of the cases, stays so.
        MemorySegment keep = form % 2 == 0 ? null : b.bytes(rows).copyFrom(MemorySegment.ofArray(new byte[] {1, 1, 0}));
        MemorySegment count = b.ints(lengths);

        List<MemorySegment> hostK = k.stream().map(b::widen).toList();
        List<MemorySegment> hostV = v.stream().map(b::widen).toList();
        List<MemorySegment> hostIndex = index.stream().map(b::copy).toList();
        MemorySegment hostCount = b.ints(lengths);
        HostCache.append(b.widen(newK), b.widen(newV), rows, w, hostK, hostV, indexed ? hostIndex : null, place, hostCount, keep);

        MemorySegment kPointers = HostLibrary.pointers(b.arena(), k);
        MemorySegment vPointers = HostLibrary.pointers(b.arena(), v);
        MemorySegment indexPointers = indexed ? HostLibrary.pointers(b.arena(), index) : null;
        Sizes sizes = Sizes.of(Size.ROWS, rows).with(Size.HEADS, h.heads()).with(Size.KV_HEADS, h.kvHeads()).with(Size.HEAD_DIM, h.headDim())
                .with(Size.SPLITS, 1 + random.nextInt(5));
        int splits = (int) sizes.get(Size.SPLITS);
        library.launch(Kernel.APPEND, Kernel.APPEND.launch(sizes), newK, newV, rows, w, kPointers, vPointers, indexPointers, place, count, keep);
        assertInts(hostCount, count, "append, lengths");
        for (int r = 0; r < rows; r++) {
            assertBytes(hostK.get(r), b.widen(k.get(r)), "append, k");
            assertBytes(hostV.get(r), b.widen(v.get(r)), "append, v");
            assertInts(hostIndex.get(r), index.get(r), "append, index");
        }

        MemorySegment q = b.randomRows((long) rows * h.heads() * h.headDim());
        MemorySegment partial = b.bytes(Kernel.attendScratch(sizes));
        MemorySegment out = b.rows((long) rows * h.heads() * h.headDim());
        library.launch(Kernel.ATTEND, Kernel.ATTEND.launch(sizes), q, rows, h.heads(), h.kvHeads(), h.headDim(), h.scale(), h.softcap(), window, kPointers,
                vPointers, indexPointers, place, count, splits, partial);
        library.launch(Kernel.ATTEND_MERGE, Kernel.ATTEND_MERGE.launch(sizes), partial, rows, h.heads(), h.headDim(), splits, out);
        MemorySegment expected = b.floats((long) rows * h.heads() * h.headDim());
        HostCache.attend(b.widen(q), rows, h, window, hostK, hostV, indexed ? hostIndex : null, place, hostCount, expected);
        assertFloats(expected, b.widen(out), rounding(precision), "attend, " + h + ", window " + window + ", splits " + splits);
    }

    @ParameterizedTest
    @EnumSource
    void attentionReceived(Precision precision) {
        var random = new Random(7);
        int[][] shapes = {{1, 1, 8}, {4, 2, 5}, {6, 2, 16}, {2, 2, 128}, {2, 1, 256}};
        for (int[] shape : shapes) {
            for (int observers : new int[] {1, 4, 19}) {
                try (var b = new Buffers(precision, random, observers == 4 ? 4 : 0)) {
                    var h = new Heads(shape[0], shape[1], shape[2], 0.3f, observers == 4 ? 2 : 0);
                    Tokens tokens = Tokens.of(b, random, 1, 37, 1, 20, 2);
                    boolean causal = observers != 4;
                    MemorySegment q = b.randomRows((long) tokens.n * h.heads() * h.headDim());
                    MemorySegment k = b.randomRows((long) tokens.n * h.kvHeads() * h.headDim());
                    Sizes sizes = Sizes.of(Size.ROWS, tokens.rows()).with(Size.TOKENS, tokens.n).with(Size.HEADS, h.heads()).with(Size.OBSERVERS, observers);
                    MemorySegment scratch = b.bytes(Kernel.receivedScratch(sizes));
                    MemorySegment score = b.floats(tokens.n);
                    HostLibrary library = LIBRARIES.get(precision);
                    library.launch(Kernel.RECEIVED_SCORES, Kernel.RECEIVED_SCORES.launch(sizes), q, k, tokens.n, tokens.rowOffsets, tokens.rows(), h.heads(),
                            h.kvHeads(), h.headDim(), h.scale(), h.softcap(), observers, causal ? 1 : 0, scratch);
                    library.launch(Kernel.RECEIVED_SOFTMAX, Kernel.RECEIVED_SOFTMAX.launch(sizes), scratch, tokens.n, tokens.rowOffsets, tokens.rows(), observers);
                    library.launch(Kernel.RECEIVED_SUM, Kernel.RECEIVED_SUM.launch(sizes), scratch, tokens.n, tokens.rowOffsets, tokens.rows(), h.heads(),
                            observers, score);
                    MemorySegment expected = b.floats(tokens.n);
                    HostReceived.received(b.widen(q), b.widen(k), tokens.rowOffsets, tokens.rows(), h, observers, causal, expected);
                    assertFloats(expected, score, 1e-5, "received, " + h + ", observers " + observers);
                    b.checkGuards();
                }
            }
        }
    }

    /** Numbers of every exponent, halves between neighbours, subnormals, infinities; what narrow gives reads back through widen. */
    @ParameterizedTest
    @EnumSource
    void conversions(Precision precision) {
        try (var b = new Buffers(precision, new Random(8), 0)) {
            int n = 1 << 16;
            MemorySegment floats = b.floats(n);
            var random = new Random(8);
            for (int i = 0; i < n; i++) {
                int bits = random.nextInt();
                float x = i < SPECIAL.length ? SPECIAL[i] : Float.intBitsToFloat(switch (i % 4) {
                    case 0 -> bits;
                    case 1 -> bits & 0xffff8000;
                    case 2 -> bits & 0xfffff000;
                    default -> Float.floatToRawIntBits((float) Math.scalb(random.nextGaussian(), random.nextInt(40) - 26));
                });
                floats.setAtIndex(JAVA_FLOAT, i, Float.isNaN(x) ? Float.POSITIVE_INFINITY : x);
            }
            Launch launch = Kernel.WIDEN.launch(Sizes.of(Size.ELEMENTS, n));
            MemorySegment found = b.rows(n);
            LIBRARIES.get(precision).launch(Kernel.NARROW, launch, floats, (long) n, found);
            assertBytes(b.narrow(floats, b.rows(n)), found, "narrow");
            MemorySegment wide = b.floats(n);
            LIBRARIES.get(precision).launch(Kernel.WIDEN, launch, found, (long) n, wide);
            assertBytes(b.widen(found), wide, "widen");
            MemorySegment nan = b.floats(Float.NaN, Float.intBitsToFloat(0x7f800001), Float.intBitsToFloat(0xffffffff));
            MemorySegment stored = b.rows(3);
            LIBRARIES.get(precision).launch(Kernel.NARROW, launch, nan, 3L, stored);
            assertFloats(b.floats(Float.NaN, Float.NaN, Float.NaN), b.widen(stored), 0, "NaN");
            MemorySegment filled = b.bytes(77);
            LIBRARIES.get(precision).launch(Kernel.FILL_U8, launch, filled, 77L, 1);
            assertBytes(b.bytes(77).fill((byte) 1), filled, "fill_u8");
            b.checkGuards();
        }
    }
}
