// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.ir.Param;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.mod.Routing.Selection;
import io.github.depthc.reference.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class EmitSelectionTest {
    /** Kept tokens, after both emitted forms and the reference agreed on them. */
    private static int[] kept(Selection selection, String candidates, int[] lengths, int[] starts, double... key) {
        var t = new TestGraph(1);
        Param rows = t.rows(lengths, starts);
        var operands = new ArrayList<Value>(List.of(rows, t.flags("candidates", candidates)));
        if (selection.needsScore()) {
            operands.add(t.perToken("key", key));
        }
        var node = t.b.node("kept", new ModSelect(selection, 3, "kept"), operands, List.of());
        var tensor = (Tensor) t.check(0, node.result(0)).getFirst();
        return Arrays.stream(tensor.data()).mapToInt(d -> (int) d).toArray();
    }

    private static int[] kept(Selection selection, String candidates, double... key) {
        return kept(selection, candidates, new int[] {candidates.length()}, new int[] {0}, key);
    }

    @Test
    void topKKeepsTheLargestAndAllOthers() {
        assertArrayEquals(new int[] {0, 2, 4, 5}, kept(new Selection.TopK(0.5), "011110", 9, .1, .4, .2, .3, 9));
    }

    @Test
    void tiesGoToTheLowerPosition() {
        assertArrayEquals(new int[] {0, 1, 2}, kept(new Selection.TopK(0.5), "111111", 1, 1, 1, 1, 1, 1));
        assertArrayEquals(new int[] {1, 3}, kept(new Selection.TopK(0.4), "11111", 0, 1, 0, 1, 1));
    }

    @Test
    void keptCountIsTruncatedInF32() {
        // 0.29 · 100 is 28.999999999999996 in F64, and 29 in F32.
        assertEquals(29, kept(new Selection.TopK(0.29), "1".repeat(100), new double[100]).length);
        assertEquals(2, kept(new Selection.TopK(0.29), "1".repeat(10), new double[10]).length);
    }

    @Test
    void anInfinitelyLowKeyIsStillACandidatesKey() {
        double low = Double.NEGATIVE_INFINITY;
        assertArrayEquals(new int[] {0, 1, 2}, kept(new Selection.TopK(0.75), "1101", low, low, 0, low));
    }

    @Test
    void nothingOrEverythingIsKept() {
        assertArrayEquals(new int[0], kept(new Selection.TopK(0.2), "1111", 1, 2, 3, 4));
        assertArrayEquals(new int[0], kept(new Selection.TopK(0), "11", 1, 2));
        assertArrayEquals(new int[] {0, 1, 2}, kept(new Selection.TopK(1), "111", 1, 2, 3));
        assertArrayEquals(new int[] {0, 1, 2}, kept(new Selection.TopK(0.5), "000", 1, 2, 3));
        assertArrayEquals(new int[0], kept(new Selection.EvenlySpaced(0.2), "1111"));
        assertArrayEquals(new int[] {0, 1}, kept(new Selection.EvenlySpaced(0.2), "00"));
    }

    @Test
    void evenlySpaced() {
        // 8 candidates, 3 kept: those where floor((j + 1) · 3 / 8) steps, j = 2, 5, 7; the last always.
        assertArrayEquals(new int[] {0, 3, 6, 8, 9}, kept(new Selection.EvenlySpaced(0.375), "0111111110"));
    }

    @Test
    void mostRecent() {
        // 8 candidates, 3 kept: the last three of them
        assertArrayEquals(new int[] {0, 6, 7, 8, 9}, kept(new Selection.MostRecent(0.375), "0111111110"));
        assertArrayEquals(new int[] {0, 1}, kept(new Selection.MostRecent(0.5), "00"));
        assertArrayEquals(new int[] {2, 3, 5, 6}, kept(new Selection.MostRecent(0.5), "1111110", new int[] {4, 3}, new int[2]));
    }

    @Test
    void theLastCandidatesAndThenTheBest() {
        // 6 candidates, 3 kept: the last two, and the largest key of the others
        assertArrayEquals(new int[] {0, 3, 5, 6}, kept(new Selection.RecentTopK(0.5, 2), "0111111", 9, 1, 2, 5, 4, 0, 3));
        // more recent ones than there is room for; a key that is infinite, too
        assertArrayEquals(new int[] {3, 4}, kept(new Selection.RecentTopK(0.4, 3), "11111", Double.POSITIVE_INFINITY, 4, 3, 2, 1));
        assertArrayEquals(new int[] {0, 4}, kept(new Selection.RecentTopK(0.4, 1), "11111", Double.POSITIVE_INFINITY, 4, 3, 2, 1));
        assertArrayEquals(new int[] {0, 1}, kept(new Selection.RecentTopK(0.4, 0), "11111", 5, 4, 3, 2, 1));
    }

    @Test
    void thresholds() {
        var s = new Selection.Threshold(0.5, 0.25);
        assertArrayEquals(new int[] {1, 2}, kept(s, "1101", .5, .6, 0, .4));
        // A row of one token has its own threshold, which is inclusive.
        assertArrayEquals(new int[] {0, 2, 4}, kept(s, "11111", new int[] {1, 1, 2, 1}, new int[4], .25, .24, .51, .5, .3));
    }

    @Test
    void randomKeepsItsQuotaAndDependsOnSeedAndLayer() {
        int[] first = kept(new Selection.Random(0.5, 7), "1".repeat(40));
        assertEquals(20, first.length);
        assertEquals(20, kept(new Selection.Random(0.5, 8), "1".repeat(40)).length);
        var distinct = new HashSet<List<Integer>>();
        for (int seed = 0; seed < 4; seed++) {
            distinct.add(Arrays.stream(kept(new Selection.Random(0.5, seed), "1".repeat(40))).boxed().toList());
        }
        assertEquals(4, distinct.size());
    }

    static List<Selection> selections() {
        return List.of(new Selection.TopK(0.6), new Selection.EvenlySpaced(0.6), new Selection.MostRecent(0.6), new Selection.RecentTopK(0.6, 2), new Selection.Random(0.6, 5), new Selection.Threshold(0.1, 0.2));
    }

    @ParameterizedTest
    @MethodSource("selections")
    void rowsAreSelectedAsAlone(Selection selection) {
        int[] lengths = {4, 1, 7, 3};
        int[] starts = {0, 5, 2, 0};
        String candidates = "1110" + "1" + "0111111" + "000";
        double[] key = new TestGraph(9).numbers(15);
        var joined = new ArrayList<Integer>();
        int at = 0;
        for (int r = 0; r < lengths.length; r++) {
            for (int k : kept(selection, candidates.substring(at, at + lengths[r]), new int[] {lengths[r]}, new int[] {starts[r]},
                    Arrays.copyOfRange(key, at, at + lengths[r]))) {
                joined.add(at + k);
            }
            at += lengths[r];
        }
        assertArrayEquals(joined.stream().mapToInt(i -> i).toArray(), kept(selection, candidates, lengths, starts, key));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void manyRandomCases(long seed) {
        var random = new Random(seed);
        int[] lengths = random.ints(1 + random.nextInt(5), 1, 60).toArray();
        int n = Arrays.stream(lengths).sum();
        var candidates = new StringBuilder();
        double[] key = new double[n];
        for (int i = 0; i < n; i++) {
            candidates.append(random.nextInt(4) > 0 ? '1' : '0');
            key[i] = random.nextInt(6) / 5.0;
        }
        for (Selection s : selections()) {
            kept(s, candidates.toString(), lengths, new int[lengths.length], key);
        }
    }
}
