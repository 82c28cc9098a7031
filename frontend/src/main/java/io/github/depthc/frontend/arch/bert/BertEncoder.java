// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.bert;

import io.github.depthc.frontend.arch.Decoder;
import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.LayerNorm;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.ArrayList;
import java.util.List;

/**
 * The graph of a BERT encoder, as {@link io.github.depthc.ir.Model} describes one.
 *
 * @param types      rows of the table of token types, of which the first is used
 * @param norm       the norm, the same everywhere
 * @param activation of the MLP
 */
record BertEncoder(ModelInfo info, int types, LayerNorm norm, Unary activation, Tensors tensors) {
    static final String WORDS = "embeddings.word_embeddings.weight";

    Decoder build() {
        var b = new RegionBuilder();
        TensorType ids = TensorType.of(DType.I64, Dim.TOKENS);
        Param words = b.param(GraphNames.TOKEN_IDS, ids);
        Param positions = b.param(GraphNames.POSITIONS, ids);
        Param rows = b.param(GraphNames.ROWS, new RowsType(Dim.TOKENS));
        b.param(GraphNames.CANDIDATES, TensorType.of(DType.BOOL, Dim.TOKENS));
        var caches = new ArrayList<Value>();
        for (int i = 0; i < info.layers(); i++) {
            caches.add(b.param(GraphNames.cache(i), cache()));
        }
        Value x = embeddings(b, words, positions);
        for (int i = 0; i < info.layers(); i++) {
            b.at(layer(i));
            Node node = b.node("x", new Layer(i), List.of(x, positions, rows, caches.get(i)), List.of(body(i)), "cache." + i + ".new");
            x = node.result(0);
            caches.set(i, node.result(1));
        }
        caches.addFirst(x);
        // Old checkpoints carry the numbers 0, 1, …; the pooler is for a task of the training.
        tensors.unused(name -> name.equals("embeddings.position_ids") || name.startsWith("pooler."));
        tensors.finish(info.architecture());
        return new Decoder(info, b.build(caches));
    }

    private Value embeddings(RegionBuilder b, Param words, Param positions) {
        b.at(Location.of("embedding"));
        Value word = b.add("word", new Embedding(), words, weight(b, WORDS, info.vocab(), info.hidden()));
        Value place = b.add("place", new Embedding(), positions, weight(b, "embeddings.position_embeddings.weight", info.context(), info.hidden()));
        Value sum = b.add("sum", new Binary.Add(), word, place);
        WeightExpr table = tensors.weight("embeddings.token_type_embeddings.weight", types, info.hidden());
        Value type = b.add("w", new Weight(types == 1 ? table : new WeightExpr.Slice(table, 0, 0, 1)));
        return norm(b, "embeddings.LayerNorm", b.add("typed", new Binary.Add(), sum, type));
    }

    private Region body(int index) {
        String prefix = "encoder.layer." + index + ".";
        var b = new RegionBuilder();
        b.at(layer(index));
        Value x = b.param("x", TensorType.of(DType.F32, Dim.TOKENS, Dim.of(info.hidden())));
        b.param("positions", TensorType.of(DType.I64, Dim.TOKENS));
        Value rows = b.param("rows", new RowsType(Dim.TOKENS));
        Value cache = b.param("cache", cache());
        int queries = info.heads() * info.headDim();
        int keys = info.kvHeads() * info.headDim();
        Value q = linear(b, prefix + "attention.self.query", x, queries);
        Value k = linear(b, prefix + "attention.self.key", x, keys);
        Value v = linear(b, prefix + "attention.self.value", x, keys);
        Value attended = b.add("attn", new Attention(info.heads(), info.kvHeads(), info.headDim(), 1 / Math.sqrt(info.headDim()), 0, 0, false), q, k, v, rows, rows);
        Value o = linear(b, prefix + "attention.output.dense", attended, info.hidden());
        Value r = norm(b, prefix + "attention.output.LayerNorm", b.add("r", new Binary.Residual(Binary.Branch.ATTENTION), x, o));
        Value up = b.add(activation.mnemonic(), activation, linear(b, prefix + "intermediate.dense", r, info.intermediate()));
        Value down = linear(b, prefix + "output.dense", up, info.hidden());
        Value y = norm(b, prefix + "output.LayerNorm", b.add("y", new Binary.Residual(Binary.Branch.MLP), r, down));
        return b.build(List.of(y, cache));
    }

    private CacheType cache() {
        return new CacheType(info.kvHeads(), info.headDim(), false);
    }

    private Value norm(RegionBuilder b, String name, Value x) {
        return b.add("norm", norm, x, weight(b, name + ".weight", info.hidden()), weight(b, name + ".bias", info.hidden()));
    }

    private Value linear(RegionBuilder b, String name, Value x, long out) {
        Value w = weight(b, name + ".weight", out, x.tensor().lastSize());
        return b.add(name.substring(name.lastIndexOf('.') + 1), new Linear(), x, w, weight(b, name + ".bias", out));
    }

    private Value weight(RegionBuilder b, String name, long... shape) {
        return b.add("w", new Weight(tensors.weight(name, shape)));
    }

    private static Location layer(int index) {
        return Location.of("layer " + index);
    }
}
