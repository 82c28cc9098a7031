// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels.host;

import static io.github.depthc.backend.kernels.host.Memory.f;
import static io.github.depthc.backend.kernels.host.Memory.i;
import static io.github.depthc.backend.kernels.host.Memory.is;

import io.github.depthc.ir.mod.RandomKey;
import io.github.depthc.ir.mod.Routing;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Selections: which candidates of each row are kept, as {@link Routing.Selection} defines them; all other tokens are. */
public final class HostSelect {
    private HostSelect() {
    }

    /**
     * Any selection.
     *
     * @param key           {@code float[n]} where the selection needs a score, else null
     * @param sequenceIndex {@code int[n]} for a random one, else null
     * @param layer         index of the layer, for a random one
     * @param mask          result {@code u8[n]}
     * @param rowKept       result {@code int[rows]}
     */
    public static void select(Routing.Selection selection, int layer, MemorySegment rowOffsets, int rows, MemorySegment candidates, MemorySegment key,
            MemorySegment sequenceIndex, MemorySegment mask, MemorySegment rowKept) {
        for (int row = 0; row < rows; row++) {
            int begin = i(rowOffsets, row);
            int end = i(rowOffsets, row + 1);
            int[] tokens = candidates(candidates, begin, end);
            int k = (int) Math.min(tokens.length, Routing.Selection.kept(tokens.length, selection.ratio()));
            for (int t = begin; t < end; t++) {
                is(mask, t, !is(candidates, t));
            }
            int kept = switch (selection) {
                case Routing.Selection.TopK s -> keep(mask, tokens, largest(k, tokens.length, j -> ordered(f(key, tokens[j]))));
                case Routing.Selection.Random s -> keep(mask, tokens,
                        largest(k, tokens.length, j -> RandomKey.of(i(sequenceIndex, tokens[j]), s.seed(), layer)));
                case Routing.Selection.RecentTopK s -> {
                    int others = tokens.length - Math.min(s.recent(), k);
                    Choice best = largest(k - (tokens.length - others), others, j -> ordered(f(key, tokens[j])));
                    yield keep(mask, tokens, j -> j >= others || best.of(j));
                }
                case Routing.Selection.Threshold s -> {
                    boolean single = end - begin == 1;
                    yield keep(mask, tokens, j -> single ? f(key, tokens[j]) >= (float) s.single() : f(key, tokens[j]) > (float) s.prompt());
                }
                case Routing.Selection.EvenlySpaced s -> keep(mask, tokens, j -> (j + 1L) * k / tokens.length > (long) j * k / tokens.length);
                case Routing.Selection.MostRecent s -> keep(mask, tokens, j -> j >= tokens.length - k);
            };
            i(rowKept, row, end - begin - tokens.length + kept);
        }
    }

    private interface Choice {
        boolean of(int j);
    }

    private interface Key {
        long of(int j);
    }

    private static int[] candidates(MemorySegment candidates, int begin, int end) {
        int[] tokens = new int[end - begin];
        int count = 0;
        for (int t = begin; t < end; t++) {
            if (is(candidates, t)) {
                tokens[count++] = t;
            }
        }
        return Arrays.copyOf(tokens, count);
    }

    /** Keeps the chosen tokens; gives their count. */
    private static int keep(MemorySegment mask, int[] tokens, Choice choice) {
        int kept = 0;
        for (int j = 0; j < tokens.length; j++) {
            if (choice.of(j)) {
                is(mask, tokens[j], true);
                kept++;
            }
        }
        return kept;
    }

    /** The k largest of m keys of 32 bits, ties to the lower number: sorted as key and, below it, how far the number is from the end. */
    private static Choice largest(int k, int m, Key key) {
        long[] order = new long[m];
        for (int j = 0; j < m; j++) {
            order[j] = key.of(j) << 31 | Integer.MAX_VALUE - j;
        }
        long[] sorted = order.clone();
        Arrays.sort(sorted);
        long least = k == 0 ? Long.MAX_VALUE : sorted[m - k];
        return j -> order[j] >= least;
    }

    /** 32 bits with the order of floats: -0 as +0, NaN as -infinity. */
    private static long ordered(float x) {
        int bits = Float.floatToIntBits(Float.isNaN(x) ? Float.NEGATIVE_INFINITY : x + 0.0f);
        return Integer.toUnsignedLong(bits < 0 ? ~bits : bits | Integer.MIN_VALUE);
    }
}
