// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.common;

import io.github.depthc.frontend.arch.Decoder;
import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.GatherRows;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.ArrayList;
import java.util.List;

/**
 * Builds the graph of a causal decoder with HuggingFace's usual names: {@code model.embed_tokens}, the layers in order,
 * {@code model.norm}, {@code lm_head}. The graph is as {@link io.github.depthc.ir.Model} describes.
 */
public final class DecoderBuilder {
    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String LM_HEAD = "lm_head.weight";

    private final ModelInfo info;
    private final Tensors tensors;
    private final DecoderStyle style;
    private final RegionBuilder graph = new RegionBuilder();
    private final Param positions;
    private final Param rows;
    private final Param candidates;
    private final Param logitsAt;
    private final List<Param> caches = new ArrayList<>();
    private final List<Value> newCaches = new ArrayList<>();
    private final Value table;
    private Value hidden;

    /** Starts with the parameters and the embeddings. */
    public DecoderBuilder(ModelInfo info, Tensors tensors, DecoderStyle style) {
        this.info = info;
        this.tensors = tensors;
        this.style = style;
        Param ids = graph.param(GraphNames.TOKEN_IDS, TensorType.of(DType.I64, Dim.TOKENS));
        positions = graph.param(GraphNames.POSITIONS, TensorType.of(DType.I64, Dim.TOKENS));
        rows = graph.param(GraphNames.ROWS, new RowsType(Dim.TOKENS));
        candidates = graph.param(GraphNames.CANDIDATES, TensorType.of(DType.BOOL, Dim.TOKENS));
        logitsAt = graph.param(GraphNames.LOGITS_AT, TensorType.of(DType.I64, Dim.of("outputs")));
        for (int i = 0; i < info.layers(); i++) {
            caches.add(graph.param(GraphNames.cache(i), new CacheType(info.kvHeads(), info.headDim(), false)));
        }
        graph.at(Location.of("embedding"));
        table = weight(tensors.weight(EMBEDDING, info.vocab(), info.hidden()));
        Value embedded = graph.add("x", new Embedding(), ids, table);
        hidden = style.embeddingScale() == 1 ? embedded : graph.add("x", new Unary.Scale(style.embeddingScale()), embedded);
    }

    ModelInfo info() {
        return info;
    }

    Tensors tensors() {
        return tensors;
    }

    DecoderStyle style() {
        return style;
    }

    /** Adds the next layer, a dense one, with tensors {@code model.layers.N.*}. */
    public void layer(LayerBody body) {
        int index = newCaches.size();
        append(index, new Layer(index), prefix(index), body, List.of(hidden, positions, rows, caches.get(index)));
    }

    /**
     * Adds the next layer, a Mixture-of-Depths one.
     *
     * @param prefix  prefix of the dense layer's tensors
     * @param body    the dense layer
     * @param routing how it routes
     * @param weights the weights of the score, as {@link ModLayer} wants them
     */
    public void modLayer(String prefix, LayerBody body, Routing routing, List<? extends WeightExpr> weights) {
        int index = newCaches.size();
        graph.at(location(index));
        var operands = new ArrayList<Value>(List.of(hidden, positions, rows, caches.get(index), candidates));
        weights.forEach(w -> operands.add(weight(w)));
        append(index, new ModLayer(index, routing), prefix, body, operands);
    }

    /** The prefix of a layer's tensors. */
    public static String prefix(int index) {
        return "model.layers." + index + ".";
    }

    /** Adds final norm and LM head, and ends the account of the source tensors. */
    public Decoder finish() {
        if (newCaches.size() != info.layers()) {
            throw new IllegalStateException(newCaches.size() + " layers were added, expected " + info.layers());
        }
        graph.at(Location.of("head"));
        Value last = graph.add("last", new GatherRows(), hidden, logitsAt);
        Value normed = graph.add("norm", style.norms().whole(), last, weight(tensors.weight("model.norm.weight", info.hidden())));
        Value head = style.tiedEmbeddings() ? tiedHead() : weight(tensors.weight(LM_HEAD, info.vocab(), info.hidden()));
        Value logits = graph.add(GraphNames.LOGITS, new Linear(), normed, head);
        if (style.logitSoftcap() > 0) {
            logits = graph.add(GraphNames.LOGITS, new Unary.Softcap(style.logitSoftcap()), logits);
        }
        var yields = new ArrayList<Value>(List.of(logits));
        yields.addAll(newCaches);
        // Old checkpoints carry the rotary tables that are computed here.
        tensors.unused(name -> name.matches("model\\.(layers\\.\\d+\\.(decoder_layer\\.)?self_attn\\.)?rotary_emb\\.inv_freq"));
        tensors.finish(info.architecture());
        return new Decoder(info, graph.build(yields));
    }

    /** The embedding table. A tied head may be stored all the same: which of two different ones was meant is not for us to say. */
    private Value tiedHead() {
        if (!tensors.withoutCheckpoint() && tensors.has(LM_HEAD)) {
            tensors.oneOf(List.of(tensors.weight(EMBEDDING, info.vocab(), info.hidden()), tensors.weight(LM_HEAD, info.vocab(), info.hidden())),
                    "equal ones, since the embeddings are tied (tie_word_embeddings in config.json): set that to false to use both");
        }
        return table;
    }

    private void append(int index, OpKind kind, String prefix, LayerBody body, List<Value> operands) {
        graph.at(location(index));
        Node node = graph.node("x", kind, operands, List.of(LayerScope.build(this, prefix, index, body)), "cache." + index + ".new");
        hidden = node.result(0);
        newCaches.add(node.result(1));
    }

    private Value weight(WeightExpr expr) {
        return graph.add("w", new Weight(expr));
    }

    private static Location location(int index) {
        return Location.of("layer " + index);
    }
}
