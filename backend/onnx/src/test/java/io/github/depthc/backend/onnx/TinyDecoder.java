// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModCombine;
import io.github.depthc.ir.mod.ModGate;
import io.github.depthc.ir.mod.ModGather;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.AddRmsNorm;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.CachePositions;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.GatherRows;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.RmsNorm;
import io.github.depthc.ir.op.Rotary;
import io.github.depthc.ir.op.RotarySpec;
import io.github.depthc.ir.op.RotaryTable;
import io.github.depthc.ir.op.Unary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A whole decoder of random weights, as lowering leaves it: layers are dense or routed. */
final class TinyDecoder {
    static final int VOCAB = 32;
    private static final int HIDDEN = 32;
    private static final int HEADS = 4;
    private static final int KV_HEADS = 2;
    private static final int FFN = 48;

    private final TestGraph t = new TestGraph(77);
    private final int headDim;
    private final int window;

    /** A layer's routing; null for a dense one. */
    record Layer(Routing.Score score, Routing.Gate gate, Routing.Selection selection, boolean keepKv, boolean renumbered) {
        static Layer pmod(double ratio) {
            return new Layer(new Routing.Score.Linear(true), new Routing.Gate.Tanh(0.2, 1), new Routing.Selection.TopK(ratio), false, false);
        }

        static Layer gamma(double prompt, double single) {
            return new Layer(new Routing.Score.SharedLinear(), new Routing.Gate.Probability(), new Routing.Selection.Threshold(prompt, single),
                    false, true);
        }

        static Layer plain(double ratio, boolean keepKv) {
            return new Layer(null, null, new Routing.Selection.EvenlySpaced(ratio), keepKv, false);
        }
    }

    private TinyDecoder(int headDim, int window) {
        this.headDim = headDim;
        this.window = window;
    }

    /** The graph of a decoder with these layers. */
    static Region of(int headDim, int window, Layer... layers) {
        return new TinyDecoder(headDim, window).build(layers);
    }

    private Region build(Layer... layers) {
        Value ids = t.b.param(GraphNames.TOKEN_IDS, TensorType.of(DType.I64, Dim.TOKENS));
        Value positions = t.b.param(GraphNames.POSITIONS, TensorType.of(DType.I64, Dim.TOKENS));
        Value rows = t.b.param(GraphNames.ROWS, new RowsType(Dim.TOKENS));
        Value candidates = t.b.param(GraphNames.CANDIDATES, TensorType.of(DType.BOOL, Dim.TOKENS));
        Value logitsAt = t.b.param(GraphNames.LOGITS_AT, TensorType.of(DType.I64, Dim.of("outputs")));
        var caches = new ArrayList<Value>();
        for (int i = 0; i < layers.length; i++) {
            boolean indexed = window > 0 && layers[i] != null && !layers[i].keepKv();
            caches.add(t.b.param(GraphNames.cache(i), new CacheType(KV_HEADS, headDim, indexed)));
        }
        Value embedding = t.weight(VOCAB, HIDDEN);
        Value x = t.add(new Embedding(), ids, embedding);
        var yields = new ArrayList<Value>(List.of(x));
        for (int i = 0; i < layers.length; i++) {
            Value[] out = layers[i] == null ? dense(x, positions, rows, rows, rows, null, caches.get(i), null)
                    : routed(i, layers[i], x, positions, rows, candidates, caches.get(i));
            x = out[0];
            yields.add(out[1]);
        }
        Value last = t.add(new GatherRows(), x, logitsAt);
        yields.set(0, t.add(new Linear(), t.add(new RmsNorm(1e-5, false, 1), last, t.weight(HIDDEN)), embedding));
        return t.b.build(yields);
    }

    private Value[] routed(int index, Layer layer, Value x, Value positions, Value rows, Value candidates, Value cache) {
        Value score = switch (layer.score()) {
            case Routing.Score.Linear s -> t.add(new ModScore(s), x, matrix(1, HIDDEN), t.weight(1));
            case Routing.Score.SharedLinear s -> t.add(new ModScore(s), t.add(new RmsNorm(1e-5, false, 1), x, t.weight(HIDDEN)), matrix(2, HIDDEN));
            case null, default -> null;
        };
        Value gate = score == null ? null : t.add(new ModGate(layer.gate()), score, candidates, rows);
        var operands = new ArrayList<>(List.of(rows, candidates));
        if (layer.selection().needsScore()) {
            operands.add(layer.gate() instanceof Routing.Gate.Tanh ? gate : score);
        }
        Node kept = t.b.node("kept", new ModSelect(layer.selection(), index, "kept." + index), operands, List.of(), "kept_rows");
        Value indices = kept.result(0);
        Value keptRows = kept.result(1);
        Value keptX = t.add(new ModGather(), x, indices);
        Value keptPositions = layer.renumbered() ? t.add(new CachePositions(), keptRows, cache) : t.add(new ModGather(), positions, indices);
        Value keptGate = gate == null ? null : t.add(new ModGather(), gate, indices);
        Value[] y = layer.keepKv() ? dense(keptX, positions, keptRows, rows, rows, new Value[] {x, keptPositions}, cache, keptGate)
                : dense(keptX, keptPositions, keptRows, keptRows, keptRows, null, cache, keptGate);
        Value skipped = layer.gate() instanceof Routing.Gate.Tanh ? t.add(new Binary.Mul(), x, gate) : x;
        return new Value[] {t.add(new ModCombine(), skipped, indices, y[0]), y[1]};
    }

    /** A matrix that keeps the size of numbers about as it is: no gate is so flat that F32 has ties where F64 has none. */
    private Value matrix(int out, int in) {
        return t.weight(Arrays.stream(t.numbers(out * in)).map(v -> (float) (v / Math.sqrt(in))).toArray(), out, in);
    }

    /**
     * One decoder layer. With {@code all} (all tokens' hidden states, and the queries' positions) keys are computed for all
     * tokens, whose positions are {@code positions} then.
     */
    private Value[] dense(Value x, Value positions, Value queryRows, Value keyRows, Value tableRows, Value[] all, Value cache, Value gate) {
        Value normWeight = t.weight(HIDDEN);
        Value h = t.add(new RmsNorm(1e-5, false, 1), x, normWeight);
        Value keyH = all == null ? h : t.add(new RmsNorm(1e-5, false, 1), all[0], normWeight);
        RotaryTable table = new RotaryTable(new RotarySpec(headDim, 10000, new RotarySpec.Scaling.None()));
        Node keyTable = t.b.node("table", table, List.of(positions, tableRows), List.of());
        Node queryTable = all == null ? keyTable : t.b.node("table", table, List.of(all[1], queryRows), List.of());
        Value q = t.add(new Rotary(HEADS), t.add(new Linear(), h, matrix(HEADS * headDim, HIDDEN)), queryTable.result(0), queryTable.result(1));
        Value k = t.add(new Rotary(KV_HEADS), t.add(new Linear(), keyH, matrix(KV_HEADS * headDim, HIDDEN)), keyTable.result(0), keyTable.result(1));
        Value v = t.add(new Linear(), keyH, matrix(KV_HEADS * headDim, HIDDEN));
        Node attended = t.b.node("attended", new Attention(HEADS, KV_HEADS, headDim, 1 / Math.sqrt(headDim), 0, window), List.of(q, k, v, queryRows, keyRows, cache),
                List.of(), "cache");
        Value branch = t.add(new Linear(), attended.result(0), matrix(HIDDEN, HEADS * headDim));
        Node sum = t.b.node("r", new AddRmsNorm(1e-5, false), List.of(x, branch, t.weight(HIDDEN)), List.of(), "normed");
        Value up = t.add(new Binary.Mul(), t.add(new Unary.Silu(), t.add(new Linear(), sum.result(1), matrix(FFN, HIDDEN))),
                t.add(new Linear(), sum.result(1), matrix(FFN, HIDDEN)));
        Value mlp = t.add(new Linear(), up, matrix(HIDDEN, FFN));
        Value y = t.add(new Binary.Residual(Binary.Branch.MLP), sum.result(0), gate == null ? mlp : t.add(new Binary.Mul(), mlp, gate));
        return new Value[] {y, attended.result(1)};
    }
}
