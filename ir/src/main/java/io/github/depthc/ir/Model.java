// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.weight.WeightStore;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A model: what it is called, facts about it, its decoder graph, and where its weights' bytes are.
 *
 * <p>The graph's parameters are named (see {@link GraphNames}): {@code input_ids i64[tokens]} or
 * {@code inputs_embeds f32[tokens, d]}, {@code position_ids i64[tokens]}, {@code rows rows[tokens]},
 * {@code candidates bool[tokens]}, {@code logits_at i64[outputs]} (packed indices of the tokens whose logits are wanted,
 * ascending)
 * and {@code cache.N}, one for each layer. It yields {@code logits f32[outputs, vocab]} and then the caches, in order.
 *
 * <p>A model whose attention is not causal is an encoder: it yields the hidden states of all tokens, {@code f32[tokens, d]}, in the
 * place of logits, and its layers hand their caches on as they are, empty.
 *
 * @param info       facts about it
 * @param graph      what it computes
 * @param weights    where its weights' bytes are
 * @param checkpoint the folder of its checkpoint as its text form states it, for readers of the text; nothing is read from there
 */
public record Model(ModelInfo info, Region graph, WeightStore weights, Optional<String> checkpoint) {
    public Model {
        Objects.requireNonNull(info);
        Objects.requireNonNull(graph);
        Objects.requireNonNull(weights);
        Objects.requireNonNull(checkpoint);
        if (checkpoint.filter(folder -> folder.indexOf(0) >= 0).isPresent()) {
            throw new IllegalArgumentException("the folder of a checkpoint has the character of code 0 in its name, which no folder has");
        }
    }

    /** A model whose text form states no checkpoint. */
    public Model(ModelInfo info, Region graph, WeightStore weights) {
        this(info, graph, weights, Optional.empty());
    }

    /** This model with another graph. */
    public Model withGraph(Region other) {
        return new Model(info, other, weights, checkpoint);
    }

    /** This model with more places to take weights from. */
    public Model withWeights(WeightStore other) {
        return new Model(info, graph, other, checkpoint);
    }

    /** This model, its text form naming this folder as its checkpoint. */
    public Model withCheckpoint(String folder) {
        return new Model(info, graph, weights, Optional.of(folder));
    }

    /** The nodes of the decoder layers, in order; none in a model that is lowered. */
    public List<Node> layers() {
        return nodes(DecoderLayer.class);
    }

    /** How many decoder layers it was made with; of a graph on its own, how many it has. */
    public int layerCount() {
        return info.equals(ModelInfo.NONE) ? layers().size() : info.layers();
    }

    /** The routing of each routed layer, in order. */
    public List<Routing> routings() {
        return layers().stream().flatMap(n -> ((DecoderLayer) n.kind()).routed().stream()).toList();
    }

    /** True if a decoder layer is routed. */
    public boolean routed() {
        return !routings().isEmpty();
    }

    /** True if this is an encoder: attention that is not causal stands in its graph, or in a layer of it. */
    public boolean encoder() {
        return attentions(graph).anyMatch(a -> !a.causal());
    }

    private static Stream<Attention> attentions(Region region) {
        return region.nodes().stream().flatMap(n -> n.kind() instanceof Attention a ? Stream.of(a) : n.regions().stream().flatMap(Model::attentions));
    }

    /** The nodes of the graph whose kind is of this class, in order. */
    public List<Node> nodes(Class<? extends OpKind> kind) {
        return graph.nodes().stream().filter(n -> kind.isInstance(n.kind())).toList();
    }
}
