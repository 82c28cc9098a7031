// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModGather;
import io.github.depthc.ir.mod.ModOverlap;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.mod.Routing.Selection;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.CachePositions;
import io.github.depthc.ir.op.GatherRows;
import io.github.depthc.reference.Cache;
import io.github.depthc.reference.Rows;
import io.github.depthc.reference.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EmitAttentionTest {
    private static final double TOLERANCE = 2e-6;

    /** Which tokens stand on which side. */
    private enum Tokens { ALL, KEPT, KEPT_QUERIES, WANTED_QUERIES, WANTED_OF_KEPT }

    /**
     * Attention over {@code lengths} new tokens behind {@code pasts} cached ones; a token is kept where {@code keep} has a 1. With
     * {@link Tokens#WANTED_OF_KEPT} 2 is kept and wanted, 3 is wanted and not kept.
     */
    private record Case(Attention kind, Tokens tokens, boolean indexed, int[] lengths, int[] pasts, String keep) {
        static Case of(Attention kind, int[] lengths, int[] pasts) {
            return new Case(kind, Tokens.ALL, false, lengths, pasts, "1".repeat(Arrays.stream(lengths).sum()));
        }

        static Case kept(Attention kind, Tokens tokens, boolean indexed, int[] lengths, int[] pasts, String keep) {
            return new Case(kind, tokens, indexed, lengths, pasts, keep);
        }

        @Override
        public String toString() {
            return kind.heads() + "/" + kind.kvHeads() + "x" + kind.headDim() + " softcap " + kind.softcap() + " window " + kind.window() + " "
                    + tokens + (indexed ? " indexed " : " ") + Arrays.toString(lengths) + " after " + Arrays.toString(pasts) + " " + keep;
        }
    }

    private static Attention plain(int headDim) {
        return new Attention(4, 2, headDim, 0.4, 0, 0);
    }

    static List<Case> cases() {
        var all = new ArrayList<Case>();
        int[] none = {0};
        // 8 is a head size of GroupQueryAttention, 6 is not.
        for (int d : new int[] {8, 6}) {
            for (Attention a : List.of(plain(d), new Attention(2, 2, d, 1, 1.5, 0), new Attention(3, 1, d, 0.3, 0, 3),
                    new Attention(2, 1, d, 0.3, 2, 4))) {
                all.add(Case.of(a, new int[] {7}, none));
                all.add(Case.of(a, new int[] {1}, new int[] {9}));
                all.add(Case.of(a, new int[] {4}, new int[] {5}));
                all.add(Case.of(a, new int[] {3, 1, 6}, new int[3]));
                all.add(Case.of(a, new int[] {1, 1, 1}, new int[] {4, 0, 11}));
            }
            for (Tokens t : new Tokens[] {Tokens.KEPT, Tokens.KEPT_QUERIES, Tokens.WANTED_QUERIES}) {
                for (Attention a : List.of(plain(d), new Attention(2, 1, d, 0.4, 0, 3))) {
                    boolean indexed = t == Tokens.KEPT && a.window() > 0;
                    all.add(Case.kept(a, t, indexed, new int[] {7}, none, "1001101"));
                    all.add(Case.kept(a, t, indexed, new int[] {5}, none, "00000"));
                    all.add(Case.kept(a, t, indexed, new int[] {3, 4, 2}, new int[3], "110" + "0000" + "01"));
                    all.add(Case.kept(a, t, indexed, new int[] {1, 1, 1}, new int[] {3, 6, 0}, "101"));
                    all.add(Case.kept(a, t, indexed, new int[] {1, 1}, new int[] {3, 6}, "00"));
                    all.add(Case.kept(a, t, indexed, new int[] {4}, new int[] {6}, "0110"));
                    all.add(Case.kept(a, t, indexed, new int[] {4}, new int[] {6}, "1111"));
                    all.add(Case.kept(a, t, indexed, new int[] {2, 5}, new int[2], "1111111"));
                }
            }
            for (Attention a : List.of(plain(d), new Attention(2, 1, d, 0.4, 0, 3))) {
                for (String keep : List.of("1021213", "1121213", "2222222", "0030003", "0000000", "1111111")) {
                    all.add(Case.kept(a, Tokens.WANTED_OF_KEPT, a.window() > 0, new int[] {7}, none, keep));
                    all.add(Case.kept(a, Tokens.WANTED_OF_KEPT, a.window() > 0, new int[] {2, 4, 1}, new int[3], keep));
                    all.add(Case.kept(a, Tokens.WANTED_OF_KEPT, a.window() > 0, new int[] {7}, new int[] {4}, keep));
                }
                for (String keep : List.of("202", "222", "333", "010", "302")) {
                    all.add(Case.kept(a, Tokens.WANTED_OF_KEPT, a.window() > 0, new int[] {1, 1, 1}, new int[] {3, 6, 0}, keep));
                }
            }
        }
        return all;
    }

    /** The graph of a case: attention of the tokens that a threshold on {@code keep} lets pass, and its own positions. */
    private static Region graph(TestGraph t, Case c, Map<String, Object> inputs) {
        Attention a = c.kind();
        int n = Arrays.stream(c.lengths()).sum();
        Value q = t.tokens("q", n, a.heads() * a.headDim());
        Value k = t.tokens("k", n, a.kvHeads() * a.headDim());
        Value v = t.tokens("v", n, a.kvHeads() * a.headDim());
        // A routed layer's cache has gaps: its entries are every other token of the sequence so far.
        int stride = c.tokens() == Tokens.KEPT || c.tokens() == Tokens.WANTED_OF_KEPT ? 2 : 1;
        Value rows = t.rows(c.lengths(), Arrays.stream(c.pasts()).map(p -> p * stride).toArray());
        Value queryRows = rows;
        Value keyRows = rows;
        if (c.tokens() == Tokens.WANTED_QUERIES) {
            Value at = t.longs("at", "wanted", places(c, "1"));
            q = t.add(new GatherRows(), q, at);
            queryRows = t.add(new GatherRows(), rows, at);
        } else if (c.tokens() != Tokens.ALL) {
            Value candidates = t.flags("candidates", "1".repeat(n));
            Value key = t.perToken("keep", c.keep().chars().mapToDouble(d -> d == '1' || d == '2' ? 1 : 0).toArray());
            Node kept = t.b.node("kept", new ModSelect(new Selection.Threshold(0.5, 0.5), 0, "kept"), List.of(rows, candidates, key), List.of());
            q = t.add(new ModGather(), q, kept.result(0));
            queryRows = kept.result(1);
            if (c.tokens() != Tokens.KEPT_QUERIES) {
                k = t.add(new ModGather(), k, kept.result(0));
                v = t.add(new ModGather(), v, kept.result(0));
                keyRows = queryRows;
            }
            if (c.tokens() == Tokens.WANTED_OF_KEPT) {
                Value at = t.longs("at", "wanted", places(c, "23"));
                Value among = t.b.node("among", new ModOverlap("both"), List.of(rows, kept.result(0), at), List.of()).result(0);
                q = t.add(new GatherRows(), q, among);
                queryRows = t.add(new GatherRows(), queryRows, among);
            }
        }
        Value cache = t.b.param("cache.5", new CacheType(a.kvHeads(), a.headDim(), c.indexed()));
        t.input("cache.5", new Cache(Arrays.stream(c.pasts()).mapToObj(p -> IntStream.range(0, p).mapToObj(s -> new Cache.Entry(
                t.numbers(a.kvHeads() * a.headDim()), t.numbers(a.kvHeads() * a.headDim()), s * stride)).toList()).toList()));
        Node attended = t.b.node("y", a, List.of(q, k, v, queryRows, keyRows, cache), List.of());
        Value positions = t.add(new CachePositions(), keyRows, cache);
        inputs.putAll(t.inputs());
        return t.b.build(List.of(attended.result(0), positions, attended.result(1)));
    }

    private static double[] places(Case c, String kinds) {
        return IntStream.range(0, c.keep().length()).filter(i -> kinds.indexOf(c.keep().charAt(i)) >= 0).asDoubleStream().toArray();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agreesWithTheReference(Case c) {
        var inputs = new HashMap<String, Object>();
        Agreement.check(graph(new TestGraph(1), c, inputs), inputs, TOLERANCE);
    }

    @ParameterizedTest
    @MethodSource({"cases", "notCausal"})
    void worksWithoutCache(Case c) {
        var t = new TestGraph(2);
        t.check(TOLERANCE, withoutCache(t, c));
    }

    private static Value withoutCache(TestGraph t, Case c) {
        Attention a = c.kind();
        int n = Arrays.stream(c.lengths()).sum();
        Value q = t.tokens("q", n, a.heads() * a.headDim());
        Value k = t.tokens("k", n, a.kvHeads() * a.headDim());
        Value rows = t.rows(c.lengths(), c.pasts());
        Value queryRows = rows;
        Value keyRows = rows;
        if (c.tokens() != Tokens.ALL) {
            Node kept = t.b.node("kept", new ModSelect(new Selection.Threshold(0.5, 0.5), 0, "kept"), List.of(rows,
                    t.flags("candidates", "1".repeat(n)), t.perToken("keep", c.keep().chars().mapToDouble(d -> d == '1' || d == '2' ? 1 : 0).toArray())), List.of());
            q = t.add(new ModGather(), q, kept.result(0));
            queryRows = kept.result(1);
            if (c.tokens() == Tokens.KEPT || c.tokens() == Tokens.WANTED_OF_KEPT) {
                k = t.add(new ModGather(), k, kept.result(0));
                keyRows = queryRows;
            }
            if (c.tokens() == Tokens.WANTED_OF_KEPT) {
                Value at = t.longs("at", "wanted", places(c, "23"));
                Value among = t.b.node("among", new ModOverlap("both"), List.of(rows, kept.result(0), at), List.of()).result(0);
                q = t.add(new GatherRows(), q, among);
                queryRows = t.add(new GatherRows(), queryRows, among);
            }
        }
        return t.add(a, q, k, k, queryRows, keyRows);
    }

    /** Attention of an encoder: of all tokens, of the kept ones, and of the kept ones over all. */
    static List<Case> notCausal() {
        var all = new ArrayList<Case>();
        for (int d : new int[] {8, 6}) {
            for (Attention a : List.of(new Attention(4, 2, d, 0.4, 0, 0, false), new Attention(2, 2, d, 1, 1.5, 0, false))) {
                all.add(Case.of(a, new int[] {1}, new int[1]));
                all.add(Case.of(a, new int[] {3, 1, 26}, new int[3]));
                for (Tokens t : new Tokens[] {Tokens.KEPT, Tokens.KEPT_QUERIES}) {
                    all.add(Case.kept(a, t, false, new int[] {7}, new int[1], "1001101"));
                    all.add(Case.kept(a, t, false, new int[] {5}, new int[1], "00000"));
                    all.add(Case.kept(a, t, false, new int[] {3, 4, 2}, new int[3], "110" + "0000" + "01"));
                }
            }
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource("notCausal")
    void aRowOfAnEncoderIsBitEqualAloneAndInABatch(Case c) {
        for (boolean portable : new boolean[] {false, true}) {
            var t = new TestGraph(4);
            Region graph = t.b.build(List.of(withoutCache(t, c)));
            var batch = (Tensor) OrtRun.run(graph, portable, t.inputs()).getFirst();
            int at = 0;
            for (int r = 0; r < c.lengths().length; r++) {
                var alone = (Tensor) OrtRun.run(graph, portable, row(t.inputs(), r)).getFirst();
                for (int i = 0; i < alone.rows(); i++, at++) {
                    assertArrayEquals(alone.row(i), batch.row(at), "row " + r + " token " + i + " portable " + portable);
                }
            }
            assertEquals(batch.rows(), at);
        }
    }

    /** Rows of very different lengths, alone and together. */
    static List<Case> batches() {
        var all = new ArrayList<Case>();
        for (Attention a : List.of(plain(8), plain(6), new Attention(4, 2, 64, 0.125, 0, 0), new Attention(2, 1, 8, 0.3, 2, 5))) {
            all.add(Case.of(a, new int[] {37, 1, 90, 18}, new int[4]));
            all.add(Case.of(a, new int[] {33, 49, 5}, new int[3]));
            all.add(Case.of(a, new int[] {43, 17, 33}, new int[3]));
            all.add(Case.of(a, new int[] {1, 1, 1, 1}, new int[] {300, 17, 0, 64}));
            all.add(Case.of(a, new int[] {1, 1, 1, 1, 1, 1, 1, 1}, new int[] {10, 12, 1, 32, 26, 27, 38, 22}));
            for (Tokens t : new Tokens[] {Tokens.KEPT, Tokens.KEPT_QUERIES, Tokens.WANTED_QUERIES}) {
                boolean indexed = t == Tokens.KEPT && a.window() > 0;
                all.add(Case.kept(a, t, indexed, new int[] {37, 1, 90, 18, 3}, new int[5],
                        "1101".repeat(9) + "1" + "1" + "011".repeat(30) + "0".repeat(17) + "1" + "000"));
                all.add(Case.kept(a, t, indexed, new int[] {1, 1, 1, 1}, new int[] {100, 17, 0, 64}, "1101"));
            }
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource("batches")
    void aRowIsBitEqualAloneAndInABatch(Case c) {
        for (boolean portable : new boolean[] {false, true}) {
            var inputs = new HashMap<String, Object>();
            Region graph = graph(new TestGraph(3), c, inputs);
            var rows = (Rows) inputs.get("rows");
            var batch = (Tensor) OrtRun.run(graph, portable, inputs).getFirst();
            int at = 0;
            for (int r = 0; r < rows.count(); r++) {
                var alone = (Tensor) OrtRun.run(graph, portable, row(inputs, r)).getFirst();
                for (int i = 0; i < alone.rows(); i++, at++) {
                    assertArrayEquals(alone.row(i), batch.row(at), "row " + r + " token " + i + " portable " + portable);
                }
            }
            assertEquals(batch.rows(), at);
        }
    }

    /** The inputs of one row of a batch. */
    private static Map<String, Object> row(Map<String, Object> inputs, int row) {
        var rows = (Rows) inputs.get("rows");
        int[] tokens = rows.tokensOf(row);
        var one = new HashMap<String, Object>();
        inputs.forEach((name, value) -> one.put(name, switch (value) {
            case Rows r -> new Rows(1, new int[tokens.length], IntStream.of(tokens).mapToLong(t -> r.index()[t]).toArray());
            case Cache c -> new Cache(List.of(c.rows().get(row)));
            case Tensor t when name.equals("at") -> Tensor.vector(Arrays.stream(t.data()).filter(i -> IntStream.of(tokens).anyMatch(k -> k == i))
                    .map(i -> i - tokens[0]).toArray());
            case Tensor t when t.shape().length == 1 -> Tensor.vector(IntStream.of(tokens).mapToDouble(i -> t.data()[i]).toArray());
            case Tensor t -> Tensor.stack(IntStream.of(tokens).mapToObj(t::row).toList(), t.width());
            default -> throw new IllegalArgumentException(name);
        }));
        return one;
    }

    private static EmittedCache cacheOf(Case c, boolean portable) {
        return OnnxEmitter.emit(graph(new TestGraph(1), c, new HashMap<>()), new EmitOptions(portable, "test"), w -> null).caches().getFirst();
    }

    @Test
    void cacheModes() {
        int[] one = {1};
        assertEquals(new EmittedCache(5, CacheMode.IN_PLACE, 2, 8, false), cacheOf(Case.of(plain(8), one, one), false));
        assertEquals(CacheMode.IN_PLACE, cacheOf(Case.of(new Attention(2, 2, 8, 1, 2, 4), one, one), false).mode());
        assertEquals(CacheMode.IN_PLACE, cacheOf(Case.kept(plain(8), Tokens.KEPT, false, one, one, "1"), false).mode());
        assertEquals(CacheMode.APPEND, cacheOf(Case.of(plain(8), one, one), true).mode());
        assertEquals(CacheMode.APPEND, cacheOf(Case.of(plain(6), one, one), false).mode());
        assertEquals(CacheMode.IN_PLACE, cacheOf(Case.kept(plain(8), Tokens.KEPT_QUERIES, false, one, one, "1"), false).mode());
        assertEquals(new EmittedCache(5, CacheMode.APPEND, 2, 8, true), cacheOf(Case.kept(plain(8), Tokens.KEPT, true, one, one, "1"), false));
    }

    @Test
    void aWindowOverRoutedRowsNeedsAnIndexedCache() {
        var c = Case.kept(new Attention(2, 1, 8, 1, 0, 4), Tokens.KEPT, false, new int[] {1}, new int[] {1}, "1");
        String message = assertThrows(InputException.class, () -> cacheOf(c, false)).getMessage();
        assertTrue(message.contains("%cache.5") && message.contains("indexed"), message);
    }

    @Test
    void aCacheIsAppendedToOnce() {
        var t = new TestGraph(1);
        Value x = t.tokens("x", 2, 8);
        Value rows = t.rows(2);
        Value cache = t.b.param("cache.0", new CacheType(1, 8, false));
        Attention a = new Attention(1, 1, 8, 1, 0, 0);
        Node first = t.b.node("y", a, List.of(x, x, x, rows, rows, cache), List.of());
        Node second = t.b.node("z", a, List.of(first.result(0), x, x, rows, rows, first.result(1)), List.of());
        Region region = t.b.build(List.of(second.result(0), second.result(1)));
        assertThrows(InputException.class, () -> OnnxEmitter.emit(region, new EmitOptions(false, "test"), w -> null));
        Node twice = t.b.node("z", a, List.of(first.result(0), x, x, rows, rows, cache), List.of());
        Region other = t.b.build(List.of(twice.result(0), twice.result(1)));
        assertThrows(InputException.class, () -> OnnxEmitter.emit(other, new EmitOptions(false, "test"), w -> null));
    }

    @Test
    void aLayerWithoutAttentionCachesNothing() {
        var t = new TestGraph(1);
        Value x = t.tokens("x", 3, 16);
        Value rows = t.rows(2, 1);
        Attention a = new Attention(2, 1, 8, 1, 0, 0);
        Value k = t.tokens("k", 3, 8);
        Value idle = t.b.param("cache.0", new CacheType(2, 4, true));
        Value busy = t.b.param("cache.1", new CacheType(1, 8, false));
        t.input("cache.0", Cache.empty(2));
        t.input("cache.1", Cache.empty(2));
        Node y = t.b.node("y", a, List.of(x, k, k, rows, rows, busy), List.of());
        Region region = t.b.build(List.of(y.result(0), idle, y.result(1)));
        Agreement.check(region, t.inputs(), TOLERANCE);
    }
}
