// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.backend.onnx.proto.TensorProto.DataType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.mod.RandomKey;
import io.github.depthc.ir.mod.Routing;

/**
 * Selections of one row of which it is said beforehand how many tokens are kept, by {@code K} in {@code TopK}: an engine's shapes must not
 * depend on what it computes. Tokens that are no candidates rank before all others. {@code TopK} gives ties to the lower position, as
 * ONNX defines; where the rule is one of places, no two tokens have one key.
 */
final class EngineSelection {
    private final GraphWriter g;
    private final EmitContext c;
    private final RowsLayout rows;
    /** How many are kept, candidates or not, {@code [1]}. */
    private final String kept;
    private final String candidates;

    private EngineSelection(EmitContext c, RowsLayout rows, String candidates, String kept) {
        this.g = c.g();
        this.c = c;
        this.rows = rows;
        this.kept = kept;
        this.candidates = candidates;
    }

    /**
     * Ascending indices of the kept tokens, I64 {@code [kept]}.
     *
     * @param kept how many, I64 {@code [1]}, candidates or not
     * @throws InputException for a selection by threshold
     */
    static String write(Node node, EmitContext c, String kept) {
        var select = (ModSelect) node.kind();
        var s = new EngineSelection(c, c.rows(node, 0), c.in(node, 1), kept);
        return switch (select.selection()) {
            case Routing.Selection.TopK k -> s.best(s.finite(c.in(node, 2)));
            case Routing.Selection.RecentTopK(double ratio, int recent) -> {
                String first = s.g.op("Min", s.quota(), s.g.i64s(recent)).to("first");
                yield s.best(s.g.where(s.isLast(first), s.g.f32(Double.POSITIVE_INFINITY), s.finite(c.in(node, 2))));
            }
            case Routing.Selection.Random(double ratio, int seed) -> s.random(seed, select.index());
            case Routing.Selection.EvenlySpaced k -> s.marked(s.evenlySpaced());
            case Routing.Selection.MostRecent k -> s.marked(s.isLast(s.quota()));
            case Routing.Selection.Threshold k -> throw new InputException("layer " + select.index() + ": how many tokens its selection, a threshold, keeps is known only "
                    + "when its scores are, and one engine graph must be told beforehand; use --form segments");
        };
    }

    /** A key that ranks before +∞: NaN last, and no larger than the largest number. */
    private String finite(String key) {
        return g.op("Min", EmitSelection.rankable(g, key), g.f32(Float.MAX_VALUE)).to("finite");
    }

    private String best(String key) {
        return ascending(topK(g.where(candidates, key, g.f32(Double.POSITIVE_INFINITY)), 1)[1]);
    }

    /** Keys are less than {@link RandomKey#P}, the largest I32. */
    private String random(int seed, int layer) {
        String key = g.cast(EmitRandomKey.emit(g, rows.sequenceIndex(), seed, layer), DataType.INT32);
        return ascending(topK(g.where(candidates, key, g.cast(g.i64(RandomKey.P), DataType.INT32)), 1)[1]);
    }

    /** Indices are exact in F32 up to 2²⁴, more than any prompt has. */
    private String ascending(String indices) {
        return g.cast(topK(g.cast(indices, DataType.FLOAT), 0)[0], DataType.INT64);
    }

    /** Names of values and indices. */
    private String[] topK(String key, long largest) {
        String[] names = {g.unique("best_key"), g.unique("best")};
        g.op("TopK", key, kept).with("axis", -1).with("largest", largest).with("sorted", 1).outputs(names);
        return names;
    }

    /** Those of a BOOL {@code [n]} and the tokens that are no candidates: −i for them, −n − i for others. */
    private String marked(String chosen) {
        String index = g.cast(rows.indexInRow(), DataType.FLOAT);
        String behind = g.add(index, g.cast(rows.tokenCount(), DataType.FLOAT));
        String others = g.op("Not", candidates).to("not_candidate");
        String place = g.where(g.op("Or", others, chosen).to("kept_mask"), index, behind);
        return topK(g.op("Neg", place).to("key"), 1)[1];
    }

    /** The number of each candidate, from 1, I64 {@code [n]}; of other tokens it means nothing. Engines sum up floating point numbers alone. */
    private String number() {
        return c.shared("number of " + candidates, () -> g.cast(g.op("CumSum", g.cast(candidates, DataType.FLOAT), g.i64(0)).to("candidate_number"), DataType.INT64));
    }

    /** How many candidates there are, {@code [1]}. */
    private String all() {
        return c.shared("count of " + candidates, () -> g.op("ReduceSum", g.cast(candidates, DataType.INT64), g.i64s(0)).with("keepdims", 1).to("candidate_count"));
    }

    /** How many candidates are kept, {@code [1]}. */
    private String quota() {
        return g.sub(kept, g.sub(rows.tokenCount(), all()));
    }

    private String isLast(String count) {
        return g.op("Greater", number(), g.sub(all(), count)).to("is_last");
    }

    private String evenlySpaced() {
        String quota = quota();
        String all = g.op("Max", all(), g.i64s(1)).to("max"); // where there is none, nothing comes of it
        String after = g.op("Div", g.mul(number(), quota), all).to("kept_after");
        String until = g.op("Div", g.mul(g.sub(number(), g.i64(1)), quota), all).to("kept_until");
        return g.op("Greater", after, until).to("step");
    }
}
