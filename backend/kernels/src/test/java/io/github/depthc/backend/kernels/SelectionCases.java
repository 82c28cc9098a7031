// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import static io.github.depthc.backend.kernels.Buffers.requireBytes;
import static io.github.depthc.backend.kernels.Buffers.requireFloats;
import static io.github.depthc.backend.kernels.Buffers.requireInts;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.github.depthc.backend.kernels.host.HostRows;
import io.github.depthc.backend.kernels.host.HostScores;
import io.github.depthc.backend.kernels.host.HostSelect;
import io.github.depthc.ir.mod.RandomKey;
import io.github.depthc.ir.mod.Routing;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Selections, compaction and gates of rows of uneven length. */
final class SelectionCases {
    private static final int TOP_K = 1000;
    private static final int OTHERS = 400;
    private static final int GATES = 100;
    /** Kinds of selections. */
    private static final int KINDS = 6;

    private SelectionCases() {
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
                default -> random.nextInt(3) == 0 ? KernelCases.SPECIAL[random.nextInt(KernelCases.SPECIAL.length)] : (float) random.nextGaussian();
            });
        }
        return key;
    }

    /** Selects on both sides and compares mask, counts and, after compaction, indices. Blocks of {@code block} threads: smaller ones go round more often. */
    private static void select(Buffers b, Routing.Selection selection, Tokens tokens, MemorySegment key, MemorySegment index, int block) {
        MemorySegment mask = b.bytes(tokens.n());
        MemorySegment rowKept = b.floats(tokens.rows());
        var launch = new Launch(tokens.rows(), 1, 1, block, 0);
        MemorySegment offsets = tokens.rowOffsets();
        MemorySegment candidates = tokens.candidates();
        int rows = tokens.rows();
        float ratio = (float) selection.ratio();
        switch (selection) {
            case Routing.Selection.TopK s -> b.launch(Kernel.SELECT_TOP_K, launch, offsets, rows, candidates, key, ratio, 0, mask, rowKept);
            case Routing.Selection.RecentTopK s ->
                    b.launch(Kernel.SELECT_TOP_K, launch, offsets, rows, candidates, key, ratio, s.recent(), mask, rowKept);
            case Routing.Selection.Random s -> {
                long[] ab = RandomKey.coefficients(s.seed(), 3);
                b.launch(Kernel.SELECT_RANDOM, launch, offsets, rows, candidates, index, ab[0], ab[1], ab[2], ab[3], ratio, mask, rowKept);
            }
            case Routing.Selection.Threshold s -> b.launch(Kernel.SELECT_THRESHOLD, launch, offsets, rows, candidates, key, (float) s.prompt(),
                    (float) s.single(), mask, rowKept);
            case Routing.Selection.EvenlySpaced s -> b.launch(Kernel.SELECT_EVENLY, launch, offsets, rows, candidates, ratio, mask, rowKept);
            case Routing.Selection.MostRecent s -> b.launch(Kernel.SELECT_MOST_RECENT, launch, offsets, rows, candidates, ratio, mask, rowKept);
        }
        MemorySegment expectedMask = b.bytes(tokens.n());
        MemorySegment expectedKept = b.floats(rows);
        HostSelect.select(selection, 3, offsets, rows, candidates, key, index, expectedMask, expectedKept);
        requireInts(expectedKept, rowKept, selection + ", kept of each row");
        requireBytes(expectedMask, mask, selection + " of " + tokens.n());

        int kept = IntStream.of(rowKept.toArray(JAVA_INT)).sum();
        MemorySegment[] found = {b.floats(kept), b.floats(rows + 1), b.floats(tokens.n())};
        MemorySegment[] expected = {b.floats(kept), b.floats(rows + 1), b.floats(tokens.n())};
        b.launch(Kernel.COMPACT, launch, offsets, rows, mask, rowKept, found[0], found[1], found[2]);
        HostRows.compact(offsets, rows, expectedMask, expected[0], expected[1], expected[2]);
        requireInts(expected[0], found[0], selection + ", indices");
        requireInts(expected[1], found[1], selection + ", kept offsets");
        requireInts(expected[2], found[2], selection + ", inverse");
        b.checkGuards();
    }

    private static Routing.Selection selection(Random random, int kind) {
        double ratio = new double[] {0, 0.02, 0.15, 0.5, 0.8445, 0.999, 1}[random.nextInt(7)];
        return switch (kind % KINDS) {
            case 0 -> new Routing.Selection.TopK(ratio);
            case 1 -> new Routing.Selection.RecentTopK(ratio, random.nextInt(20));
            case 2 -> new Routing.Selection.Random(ratio, random.nextInt(1000));
            case 3 -> new Routing.Selection.Threshold(random.nextGaussian() / 2, random.nextGaussian() / 2);
            case 4 -> new Routing.Selection.EvenlySpaced(ratio);
            default -> new Routing.Selection.MostRecent(ratio);
        };
    }

    static int topK(KernelRunner runner, Precision precision) {
        var random = new Random(1);
        for (int i = 0; i < TOP_K; i++) {
            try (var b = new Buffers(runner, precision, random, 0)) {
                Tokens tokens = Tokens.random(b, random);
                select(b, selection(random, i % 2), tokens, keys(b, random, tokens.n()), null, 32 << random.nextInt(2));
            }
        }
        return TOP_K;
    }

    static int others(KernelRunner runner, Precision precision) {
        var random = new Random(2);
        for (int i = 0; i < OTHERS; i++) {
            try (var b = new Buffers(runner, precision, random, 0)) {
                Tokens tokens = Tokens.random(b, random);
                int start = random.nextInt(5000);
                MemorySegment index = b.ints(IntStream.range(start, start + tokens.n()).toArray());
                select(b, selection(random, 2 + i % 4), tokens, keys(b, random, tokens.n()), index, 32 << random.nextInt(2));
            }
        }
        return OTHERS;
    }

    /** More tokens than a thread's registers hold, in the launch that a GPU gets. */
    static int longRows(KernelRunner runner, Precision precision) {
        var random = new Random(3);
        for (int kind = 0; kind < KINDS; kind++) {
            try (var b = new Buffers(runner, precision, random, 0)) {
                Tokens tokens = Tokens.of(b, random, 0.97, 5000, 1, 4097, 33);
                MemorySegment key = keys(b, random, tokens.n());
                MemorySegment index = b.ints(IntStream.range(0, tokens.n()).toArray());
                Routing.Selection selection = kind == 0 ? new Routing.Selection.TopK(0.5) : selection(random, kind);
                select(b, selection, tokens, key, index, Kernel.SELECT_TOP_K.launch(Sizes.of(Size.ROWS, 4)).block());
            }
        }
        return KINDS;
    }

    /** Of one candidate, each share keeps none or one. */
    static int oneCandidate(KernelRunner runner, Precision precision) {
        double[] ratios = {0, 0.999, 1};
        for (double ratio : ratios) {
            try (var b = new Buffers(runner, precision, new Random(1), 0)) {
                Tokens tokens = Tokens.of(b, new Random(1), 1, 1, 1, 2);
                select(b, new Routing.Selection.TopK(ratio), tokens, b.floats(Float.NaN, 1, -1, Float.NaN), null, 32);
            }
        }
        return ratios.length;
    }

    static int gates(KernelRunner runner, Precision precision) {
        var random = new Random(4);
        List<Routing.Gate> gates = List.of(new Routing.Gate.One(), new Routing.Gate.Tanh(0.2, 1), new Routing.Gate.Sigmoid(1.5, -0.25),
                new Routing.Gate.Softmax(3, 0.5), new Routing.Gate.Probability());
        for (int i = 0; i < GATES; i++) {
            try (var b = new Buffers(runner, precision, random, 0)) {
                Tokens tokens = Tokens.random(b, random);
                MemorySegment score = b.randomFloats(tokens.n());
                Routing.Gate gate = gates.get(i % gates.size());
                GateArguments a = GateArguments.of(gate);
                MemorySegment found = b.floats(tokens.n());
                MemorySegment expected = b.floats(tokens.n());
                b.launch(Kernel.GATE, new Launch(tokens.rows(), 1, 1, 64, 0), a.kind(), a.alpha(), a.beta(),
                        gate instanceof Routing.Gate.One ? null : score, tokens.candidates(), tokens.rowOffsets(), tokens.rows(), found);
                HostScores.gate(gate, score, tokens.candidates(), tokens.rowOffsets(), tokens.rows(), expected);
                requireFloats(expected, found, 1e-6, gate.toString());
                b.checkGuards();
            }
        }
        return GATES;
    }
}
