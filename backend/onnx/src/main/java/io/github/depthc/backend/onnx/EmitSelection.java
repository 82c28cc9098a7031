// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.backend.onnx.proto.TensorProto;
import io.github.depthc.backend.onnx.proto.TensorProto.DataType;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.mod.Routing;

/**
 * Selections: a BOOL {@code [n]} of the kept tokens, whose indices NonZero gives in ascending order. Tokens that are no
 * candidates are in it always.
 */
final class EmitSelection {
    private EmitSelection() {
    }

    static void register(OpEmitters emitters) {
        emitters.put(ModSelect.class, EmitSelection::select);
    }

    private static void select(Node node, EmitContext c) {
        var select = (ModSelect) node.kind();
        GraphWriter g = c.g();
        RowsLayout rows = c.rows(node, 0);
        String candidates = c.in(node, 1);
        String others = c.shared("not " + candidates, () -> g.op("Not", candidates).to("not_candidate"));
        String kept = switch (select.selection()) {
            case Routing.Selection.TopK(double ratio) -> best(g, rows, candidates, others, ratio, rankable(g, c.in(node, 2)), g.f32(Double.NEGATIVE_INFINITY));
            case Routing.Selection.RecentTopK(double ratio, int recent) -> {
                Counted counted = Counted.of(g, rows, candidates, ratio);
                String first = g.op("Min", counted.kept, g.i64(recent)).to("first");
                String finite = g.op("Min", rankable(g, c.in(node, 2)), g.f32(Float.MAX_VALUE)).to("finite");
                String key = g.where(isLast(g, counted, first), g.f32(Double.POSITIVE_INFINITY), finite);
                yield best(g, rows, candidates, others, ratio, key, g.f32(Double.NEGATIVE_INFINITY));
            }
            case Routing.Selection.Random(double ratio, int seed) -> best(g, rows, candidates, others, ratio,
                    EmitRandomKey.emit(g, rows.sequenceIndex(), seed, select.index()), g.i64(-1));
            case Routing.Selection.Threshold(double prompt, double single) -> threshold(g, rows, others, c.in(node, 2), prompt, single);
            case Routing.Selection.EvenlySpaced(double ratio) -> evenlySpaced(g, others, Counted.of(g, rows, candidates, ratio));
            case Routing.Selection.MostRecent(double ratio) -> mostRecent(g, others, Counted.of(g, rows, candidates, ratio));
        };
        String indices = c.out(node);
        g.op("Squeeze", g.op("NonZero", kept).to("nonzero"), g.i64s(0)).outputs(indices);
        c.defineRows(node.result(1), rows.subset(indices));
    }

    /** NaN ranks last: TopK would put it before everything, the end of a shorter row included. */
    static String rankable(GraphWriter g, String key) {
        return g.where(g.op("IsNaN", key).to("is_nan"), g.f32(Double.NEGATIVE_INFINITY), key);
    }

    /** Which of a row's candidates are the last so many; of other tokens it means nothing. */
    private static String isLast(GraphWriter g, Counted c, String count) {
        return g.op("Greater", c.number, g.sub(c.all, count)).to("is_last");
    }

    /** How many of so many candidates are kept: {@code trunc(float32(candidates) · float32(ratio))}. */
    private static String quota(GraphWriter g, String candidateCounts, double ratio) {
        return g.cast(g.mul(g.cast(candidateCounts, DataType.FLOAT), g.f32(ratio)), DataType.INT64);
    }

    /**
     * The candidates with the largest keys. Each row's candidates are laid out one after the other, so that equal keys (a row's
     * end is filled with {@code least}) go to the lower position, as TopK defines.
     */
    private static String best(GraphWriter g, RowsLayout rows, String candidates, String others, double ratio, String key, String least) {
        String tokens = g.squeeze(g.op("NonZero", candidates).to("nonzero"), 0);
        RowsLayout candidateRows = rows.subset(tokens);
        RowsLayout.Padding pad = candidateRows.padded(0, 1);
        String quota = quota(g, candidateRows.counts(), ratio);
        String keys = g.gather(g.gather(key, tokens, 0), pad.tokens(), 0);
        String most = g.op("ReduceMax", quota).with("keepdims", 1).to("most");
        String best = g.unique("best");
        g.op("TopK", g.where(pad.valid(), keys, least), most).with("axis", -1).with("largest", 1).with("sorted", 1)
                .outputs(g.unique("best_key"), best);
        String within = g.op("Less", g.range(most), g.unsqueeze(quota, 1)).to("within_quota");
        String candidate = g.add(best, g.unsqueeze(candidateRows.offsets(), 1));
        String chosen = g.gather(tokens, g.op("Compress", candidate, g.reshape(within, -1)).to("chosen"), 0);
        String yes = g.op("ConstantOfShape", g.op("Shape", chosen).to("shape")).with("value", TensorProto.newBuilder()
                .setDataType(DataType.BOOL.getNumber()).addDims(1).addInt32Data(1).build()).to("yes");
        return g.op("ScatterElements", others, chosen, yes).with("axis", 0).to("kept_mask");
    }

    private static String threshold(GraphWriter g, RowsLayout rows, String others, String score, double prompt, double single) {
        String isSingle = g.gather(g.op("Equal", rows.counts(), g.i64(1)).to("is_single"), rows.rowOf(), 0);
        String ifSingle = g.op("GreaterOrEqual", score, g.f32(single)).to("if_single");
        String ifPrompt = g.op("Greater", score, g.f32(prompt)).to("if_prompt");
        // ONNX Runtime's CPU has no Where of booleans.
        String passes = g.op("Or", g.op("And", isSingle, ifSingle).to("single"),
                g.op("And", g.op("Not", isSingle).to("is_prompt"), ifPrompt).to("prompt")).to("passes");
        return g.op("Or", others, passes).to("kept_mask");
    }

    /**
     * A row's candidates by number, I64 {@code [n]} each.
     *
     * @param number of a candidate in its row, from 1
     * @param all    the row's candidates; 1 where there are none, for nothing comes of it and it must not be divided by zero
     * @param kept   how many of them are kept
     */
    private record Counted(String number, String all, String kept) {
        static Counted of(GraphWriter g, RowsLayout rows, String candidates, double ratio) {
            String counts = rows.countsWhere(candidates);
            String before = g.op("CumSum", counts, g.i64(0)).with("exclusive", 1).to("candidates_before");
            String number = g.op("CumSum", g.cast(candidates, DataType.INT64), g.i64(0)).to("candidate_number");
            return new Counted(g.sub(number, g.gather(before, rows.rowOf(), 0)),
                    g.gather(g.op("Max", counts, g.i64(1)).to("max"), rows.rowOf(), 0), g.gather(quota(g, counts, ratio), rows.rowOf(), 0));
        }
    }

    private static String evenlySpaced(GraphWriter g, String others, Counted c) {
        String after = g.op("Div", g.mul(c.number, c.kept), c.all).to("kept_after");
        String until = g.op("Div", g.mul(g.sub(c.number, g.i64(1)), c.kept), c.all).to("kept_until");
        return g.op("Or", others, g.op("Greater", after, until).to("step")).to("kept_mask");
    }

    private static String mostRecent(GraphWriter g, String others, Counted c) {
        return g.op("Or", others, isLast(g, c, c.kept)).to("kept_mask");
    }
}
