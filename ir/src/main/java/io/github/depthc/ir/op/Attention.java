// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.AttributeDefault;
import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpCost;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.ArrayList;
import java.util.List;

/**
 * Attention within each row. Operands: q {@code [n, heads · headDim]}, k and v {@code [m, kvHeads · headDim]},
 * the rows of the queries, the rows of the keys (the same value unless the queries are a subset of the keys), and
 * optionally the layer's cache, to which k and v are appended. Results: {@code [n, heads · headDim]} and the new cache.
 *
 * <p>A query attends to the cached and new keys of its row whose sequence index is not larger than its own and, with
 * {@code window > 0}, larger than its own minus {@code window}. Scores are {@code q · k · scale}, and with
 * {@code softcap > 0} {@code softcap · tanh(scores / softcap)}.
 *
 * <p>Attention that is not causal, an encoder's, sees all keys of the query's row. It has no window and takes no cache: a row is
 * given whole.
 */
public record Attention(int heads, int kvHeads, int headDim, double scale, double softcap, int window, @AttributeDefault("true") boolean causal)
        implements OpKind {
    /** Place of the rows of the queries. */
    public static final int QUERY_ROWS = 3;
    /** Place of the cache operand, where there is one. */
    public static final int CACHE = 5;

    public Attention {
        check(heads, kvHeads, headDim);
        Expect.attribute(softcap >= 0, "softcap is " + softcap + ", expected 0 (none) or more");
        Expect.attribute(window >= 0, "window is " + window + ", expected 0 (none) or more");
        Expect.attribute(causal || window == 0, "window is " + window + ", expected 0: attention that is not causal has none");
    }

    /** A causal one. */
    public Attention(int heads, int kvHeads, int headDim, double scale, double softcap, int window) {
        this(heads, kvHeads, headDim, scale, softcap, window, true);
    }

    @Override
    public String mnemonic() {
        return "attention";
    }

    static void check(int heads, int kvHeads, int headDim) {
        Expect.attribute(heads >= 1 && kvHeads >= 1 && headDim >= 1 && heads % kvHeads == 0, "heads is " + heads
                + ", kvHeads is " + kvHeads + ", headDim is " + headDim + "; expected heads to be a multiple of kvHeads");
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 5, 6);
        Expect.noRegions(regions);
        RowsType queries = Expect.rows(operands, QUERY_ROWS);
        RowsType keys = Expect.rows(operands, 4);
        TensorType q = TensorType.of(DType.F32, queries.tokens(), Dim.of((long) heads * headDim));
        TensorType kv = TensorType.of(DType.F32, keys.tokens(), Dim.of((long) kvHeads * headDim));
        Expect.same(operands, 0, q);
        Expect.same(operands, 1, kv);
        Expect.same(operands, 2, kv);
        var results = new ArrayList<Type>();
        results.add(q);
        if (operands.size() == 6) {
            Expect.attribute(causal, "has a cache, expected none: attention that is not causal sees a row's new tokens alone");
            CacheType cache = Expect.cache(operands, 5);
            Expect.attribute(cache.kvHeads() == kvHeads && cache.headDim() == headDim,
                    "operand 5 has type " + cache + ", expected cache<" + kvHeads + "x" + headDim + ">");
            results.add(cache);
        }
        return results;
    }

    /**
     * Of a prompt, whose cache is empty before. Causal: on average a query sees half of the keys, or of its window's
     * share of them; else all.
     */
    @Override
    public OpCost cost(List<Type> operands, OpCost.Sizes sizes) {
        double queries = sizes.applyAsDouble(((RowsType) operands.get(QUERY_ROWS)).tokens());
        double keys = sizes.applyAsDouble(((RowsType) operands.get(4)).tokens());
        return new OpCost(0, 2 * 2.0 * heads * headDim * queries * keysPerQuery(keys, sizes.applyAsDouble(Dim.TOKENS)),
                operands.size() == 6 ? 2.0 * kvHeads * headDim * DType.F32.bytes() * keys : 0);
    }

    /** @param sequence tokens of the whole prompt, by which windows count */
    private double keysPerQuery(double keys, double sequence) {
        if (!causal) {
            return keys;
        }
        double seen = window == 0 ? keys : Math.min(keys, keys * window / sequence);
        return keys == 0 ? 0 : seen - seen * (seen - 1) / (2 * keys);
    }

    @Override
    public List<Integer> rowWise(List<Type> operands) {
        return List.of(0, QUERY_ROWS);
    }
}
