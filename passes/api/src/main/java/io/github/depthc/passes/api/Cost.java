// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpCost;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.LinearNBits;
import java.util.ArrayList;
import java.util.List;

/**
 * What a prompt costs, by the convention of the p-MoD table: 2 FLOPs for each multiply-accumulate of the decoder's linear
 * layers over the tokens each layer really processes, plus the LM head over all tokens. Attention-score FLOPs and KV
 * bytes stand beside it. Source: {@code mod-semantics}, cost model.
 *
 * @param layers        each decoder layer
 * @param headFlops     LM head over all tokens
 * @param extraFlops    what else stands outside the layers, such as scores that a pass has added; the dense model does not have it. What a
 *                      layer computes anyway counts there alone
 * @param denseLayers   the same layers, all tokens processed, and in a decoder all in each layer's cache, even of one whose body leaves it empty
 */
public record Cost(List<LayerCost> layers, double headFlops, double extraFlops, List<LayerCost> denseLayers) {
    /**
     * A prompt's tokens.
     *
     * @param candidates tokens that may be skipped
     * @param others     tokens always kept
     */
    public record Mix(long candidates, long others) {
        public Mix {
            if (candidates < 0 || others < 0 || candidates + others < 1) {
                throw new IllegalArgumentException(candidates + " candidates and " + others + " other tokens, expected at least one token");
            }
        }

        /** How many tokens a selection keeps; all where that depends on scores. */
        public long kept(Routing.Selection selection) {
            return others + Routing.Selection.kept(candidates, selection.ratio());
        }

        /** All tokens. */
        public long tokens() {
            return candidates + others;
        }
    }

    /**
     * One decoder layer.
     *
     * @param index          which, from 0
     * @param kept           tokens processed
     * @param linearFlops    linear layers
     * @param attentionFlops {@code q · k} and {@code p · v} over causal pairs
     * @param kvBytes        keys and values cached, F32
     */
    public record LayerCost(int index, long kept, double linearFlops, double attentionFlops, long kvBytes) {
    }

    /** The cost of a model with layers (not lowered yet). */
    public static Cost of(Model model, Mix mix) {
        var layers = new ArrayList<LayerCost>();
        var dense = new ArrayList<LayerCost>();
        double head = 0;
        double extra = 0;
        var work = new AddedWork(model);
        for (Node node : model.graph().nodes()) {
            if (node.kind() instanceof DecoderLayer layer) {
                layers.add(layer(node, layer, mix));
                dense.add(dense(node, layer.index(), mix, model.encoder()));
            } else if ((node.kind() instanceof Linear || node.kind() instanceof LinearNBits) && !work.isAdded(node)) {
                head += NodeCost.of(node, mix).linear();
            } else if (!work.isShared(node)) {
                extra += NodeCost.of(node, mix).linear();
            }
        }
        return new Cost(List.copyOf(layers), head, extra, List.copyOf(dense));
    }

    private static LayerCost layer(Node node, DecoderLayer kind, Mix mix) {
        OpCost cost = NodeCost.of(node, kind, mix);
        long kept = kind.routed().map(r -> mix.kept(r.selection())).orElse(mix.tokens());
        return new LayerCost(kind.index(), kept, cost.linear(), cost.attention(), Math.round(cost.cacheBytes()));
    }

    /** Whatever the body does with its cache: a dense decoder's layers have all tokens in it. */
    private static LayerCost dense(Node node, int index, Mix mix, boolean encoder) {
        LayerCost cost = layer(node, new Layer(index), mix);
        if (encoder || !(node.operand(Layer.CACHE).type() instanceof CacheType cache)) {
            return cost;
        }
        return new LayerCost(index, cost.kept(), cost.linearFlops(), cost.attentionFlops(), 2L * cache.kvHeads() * cache.headDim() * DType.F32.bytes() * mix.tokens());
    }

    /**
     * What a prompt costs as it is run, by any graph of a decoder: the logits of the last token are wanted and no others. Of one
     * sequence.
     */
    public static OpCost lastToken(Model model, Mix mix) {
        return NodeCost.ofLastToken(model.graph(), mix);
    }

    /**
     * The same, for the tokens that the layers really kept.
     *
     * @param kept tokens that each layer processed, by its index
     */
    public static OpCost lastToken(Model model, Mix mix, int[] kept) {
        return NodeCost.ofLastToken(model.graph(), mix, select -> kept[select.index()]);
    }

    /** Linear FLOPs of all layers, the LM head and what passes added. */
    public double flops() {
        return layers.stream().mapToDouble(LayerCost::linearFlops).sum() + headFlops + extraFlops;
    }

    /** {@link #flops} of the dense model. */
    public double denseFlops() {
        return denseLayers.stream().mapToDouble(LayerCost::linearFlops).sum() + headFlops;
    }

    /** Attention-score FLOPs of all layers. */
    public double attentionFlops() {
        return layers.stream().mapToDouble(LayerCost::attentionFlops).sum();
    }

    /** {@link #attentionFlops} of the dense model. */
    public double denseAttentionFlops() {
        return denseLayers.stream().mapToDouble(LayerCost::attentionFlops).sum();
    }

    /** KV cache of all layers in bytes, F32. */
    public long kvBytes() {
        return layers.stream().mapToLong(LayerCost::kvBytes).sum();
    }

    /** {@link #kvBytes} of the dense model. */
    public long denseKvBytes() {
        return denseLayers.stream().mapToLong(LayerCost::kvBytes).sum();
    }
}
