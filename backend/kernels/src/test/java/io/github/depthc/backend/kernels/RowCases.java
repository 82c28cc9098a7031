// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import static io.github.depthc.backend.kernels.Buffers.requireBytes;
import static io.github.depthc.backend.kernels.Buffers.requireFloats;

import io.github.depthc.backend.kernels.host.HostRows;
import io.github.depthc.backend.kernels.host.HostScores;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.stream.IntStream;

/** Scores, gathers and combinations of rows of every width, aligned and not. */
final class RowCases {
    private static final int[] WIDTHS = {1, 3, 8, 64, 100, 257, 1032};

    private RowCases() {
    }

    private interface Case {
        void run(Buffers b, Random random, int d);
    }

    /** Every width, aligned rows and rows that are not. */
    private static int widths(KernelRunner runner, Precision precision, Case test) {
        int cases = 0;
        var random = new Random(precision.ordinal() + 17);
        for (int d : WIDTHS) {
            for (int shift : new int[] {0, 4}) {
                try (var b = new Buffers(runner, precision, random, shift)) {
                    test.run(b, random, d);
                    b.checkGuards();
                    cases++;
                }
            }
        }
        return cases;
    }

    static int scores(KernelRunner runner, Precision precision) {
        return widths(runner, precision, (b, random, d) -> {
            int n = 21;
            MemorySegment x = b.randomRows((long) n * d);
            MemorySegment w = b.randomFloats(2L * d);
            MemorySegment bias = random.nextBoolean() ? b.floats(0.3f) : null;
            Launch launch = Kernel.SCORE_LINEAR.launch(Sizes.of(Size.TOKENS, n));
            MemorySegment score = b.floats(n);
            MemorySegment expected = b.floats(n);
            b.launch(Kernel.SCORE_LINEAR, launch, x, n, d, w, bias, score);
            HostScores.linear(b.widen(x), n, d, w, bias, expected);
            requireFloats(expected, score, 1e-5 * Math.sqrt(d), "score_linear, d " + d);
            b.launch(Kernel.SCORE_SOFTMAX2, launch, x, n, d, w, score);
            HostScores.softmax2(b.widen(x), n, d, w, expected);
            requireFloats(expected, score, 1e-5 * Math.sqrt(d), "score_softmax2, d " + d);
        });
    }

    static int gatherAndNorm(KernelRunner runner, Precision precision) {
        return widths(runner, precision, (b, random, d) -> {
            int n = 19;
            int[] kept = IntStream.range(0, n).filter(t -> random.nextInt(3) > 0).toArray();
            int k = kept.length;
            MemorySegment x = b.randomRows((long) n * d);
            MemorySegment indices = b.ints(kept);
            Launch launch = Kernel.GATHER.launch(Sizes.of(Size.KEPT, k));
            MemorySegment found = b.rows((long) k * d);
            MemorySegment expected = b.rows((long) k * d);
            b.launch(Kernel.GATHER, launch, x, indices, k, d * precision.bytes(), found);
            HostRows.gather(x, indices, k, d * precision.bytes(), expected);
            requireBytes(expected, found, "gather, d " + d);

            MemorySegment weight = b.randomFloats(d);
            boolean unitOffset = random.nextBoolean();
            MemorySegment copied = b.rows((long) k * d);
            MemorySegment normed = b.rows((long) k * d);
            b.launch(Kernel.GATHER_NORM, launch, x, indices, k, d, weight, 1e-5f, unitOffset ? 1 : 0, copied, normed);
            MemorySegment normedExpected = b.floats((long) k * d);
            HostRows.gatherNorm(b.widen(x), indices, k, d, weight, 1e-5f, unitOffset, b.floats((long) k * d), normedExpected);
            requireBytes(expected, copied, "gather_norm, kept");
            requireFloats(normedExpected, b.widen(normed), KernelCases.rounding(precision), "gather_norm, d " + d);
            MemorySegment alone = b.rows((long) k * d);
            b.launch(Kernel.GATHER_NORM, launch, x, indices, k, d, weight, 1e-5f, unitOffset ? 1 : 0, null, alone);
            requireBytes(normed, alone, "gather_norm without copies");
        });
    }

    static int gatherRowsOfAnyBytes(KernelRunner runner, Precision precision) {
        var random = new Random(5);
        int[] sizes = {1, 2, 4, 7, 8, 16, 48, 512, 1000};
        for (int rowBytes : sizes) {
            try (var b = new Buffers(runner, precision, random, 0)) {
                MemorySegment src = b.bytes(11L * rowBytes);
                byte[] some = new byte[11 * rowBytes];
                random.nextBytes(some);
                src.copyFrom(MemorySegment.ofArray(some));
                MemorySegment indices = b.ints(10, 0, 3, 3);
                MemorySegment found = b.bytes(4L * rowBytes);
                MemorySegment expected = b.bytes(4L * rowBytes);
                b.launch(Kernel.GATHER, Kernel.GATHER.launch(Sizes.of(Size.KEPT, 4)), src, indices, 4, rowBytes, found);
                HostRows.gather(src, indices, 4, rowBytes, expected);
                requireBytes(expected, found, "gather of " + rowBytes);
                b.checkGuards();
            }
        }
        return sizes.length;
    }

    static int gatherNBits(KernelRunner runner, Precision precision) {
        var random = new Random(precision.ordinal() + 23);
        int[][] shapes = {{16, 16}, {64, 16}, {96, 32}, {128, 128}, {1152, 64}};
        int cases = 0;
        for (int[] shape : shapes) {
            for (int bits : new int[] {4, 8}) {
                for (int shift : new int[] {0, 4}) {
                    try (var b = new Buffers(runner, precision, random, shift)) {
                        int n = 9;
                        int d = shape[0];
                        MemorySegment codes = b.bytes((long) n * d * bits / 8);
                        byte[] some = new byte[n * d * bits / 8];
                        random.nextBytes(some);
                        codes.copyFrom(MemorySegment.ofArray(some));
                        MemorySegment scales = b.randomRows((long) n * d / shape[1]);
                        MemorySegment indices = b.ints(8, 0, 3, 3, 7);
                        int k = 5;
                        MemorySegment found = b.rows((long) k * d);
                        b.launch(Kernel.GATHER_NBITS, Kernel.GATHER_NBITS.launch(Sizes.of(Size.KEPT, k)), codes, scales, indices, k, d, bits, shape[1], found);
                        MemorySegment exact = b.floats((long) k * d);
                        HostRows.gatherNBits(codes, b.widen(scales), indices, k, d, bits, shape[1], exact);
                        requireBytes(b.narrow(exact, b.rows((long) k * d)), found, "gather_nbits, d " + d + ", " + bits + " bits");
                        b.checkGuards();
                        cases++;
                    }
                }
            }
        }
        return cases;
    }

    /** All forms of a combination, into a buffer of its own and in place, none, some and all tokens kept. */
    static int combine(KernelRunner runner, Precision precision) {
        return widths(runner, precision, (b, random, d) -> {
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
                MemorySegment w = b.randomFloats(d);
                MemorySegment bias = random.nextBoolean() ? b.floats(-0.7f) : null;

                MemorySegment exact = b.floats((long) n * d);
                HostRows.combine(b.widen(x), n, d, place, b.widen(y), gate, exact);
                MemorySegment expected = b.narrow(exact, b.rows((long) n * d));
                MemorySegment expectedScore = b.floats(n);
                Launch launch = Kernel.COMBINE.launch(Sizes.of(Size.TOKENS, n));
                b.launch(Kernel.SCORE_LINEAR, launch, expected, n, d, w, bias, expectedScore);

                boolean inPlace = form >= 3;
                MemorySegment out = inPlace ? b.copy(x) : b.rows((long) n * d);
                b.launch(Kernel.COMBINE, launch, inPlace ? out : x, n, d, place, y, gate, out);
                requireBytes(expected, out, "combine, form " + form + ", d " + d);

                MemorySegment again = inPlace ? b.copy(x) : b.rows((long) n * d);
                MemorySegment score = b.floats(n);
                b.launch(Kernel.COMBINE_SCORE, launch, inPlace ? again : x, n, d, place, y, gate, again, w, bias, score);
                requireBytes(expected, again, "combine_score, form " + form + ", d " + d);
                // Not nearly: the very bits.
                requireBytes(expectedScore, score, "score of combine_score, form " + form + ", d " + d);
            }
        });
    }
}
