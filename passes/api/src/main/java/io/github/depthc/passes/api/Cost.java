// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.Linear;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * What a prompt costs, by the convention of the p-MoD table: 2 FLOPs for each multiply-accumulate of the decoder's linear
 * layers over the tokens each layer really processes, plus the LM head over all tokens. Attention-score FLOPs and KV
 * bytes stand beside it. Source: {@code mod-semantics}, cost model.
 *
 * @param layers        each decoder layer
 * @param headFlops     LM head over all tokens
 * @param denseLayers   the same layers, all tokens processed
 */
public record Cost(List<LayerCost> layers, double headFlops, List<LayerCost> denseLayers) {
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
        for (Node node : model.graph().nodes()) {
            switch (node.kind()) {
                case Layer l -> {
                    layers.add(layer(node, l.index(), mix, null));
                    dense.add(layer(node, l.index(), mix, null));
                }
                case ModLayer m -> {
                    layers.add(layer(node, m.index(), mix, m.routing()));
                    dense.add(layer(node, m.index(), mix, null));
                }
                case Linear l -> head += 2.0 * mix.tokens() * weightSize(node);
                default -> { }
            }
        }
        return new Cost(List.copyOf(layers), head, List.copyOf(dense));
    }

    /** Linear FLOPs of all layers and the LM head. */
    public double flops() {
        return layers.stream().mapToDouble(LayerCost::linearFlops).sum() + headFlops;
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

    private static LayerCost layer(Node node, int index, Mix mix, Routing routing) {
        Region body = node.region();
        long n = mix.tokens();
        long kept = routing == null ? n : mix.others() + Routing.Selection.kept(mix.candidates(), routing.selection().ratio());
        boolean keepKv = routing != null && routing.kv() == Routing.SkippedKv.KEEP;
        long cached = keepKv ? n : kept;
        Set<Node> kvNodes = keepKv ? keysAndValues(body) : Set.of();
        double linear = routing == null ? 0 : routerFlops(node, n);
        double attention = 0;
        long kvBytes = 0;
        for (Node inner : body.nodes()) {
            if (inner.kind() instanceof Linear) {
                linear += 2.0 * (kvNodes.contains(inner) ? n : kept) * weightSize(inner);
            } else if (inner.kind() instanceof Attention a) {
                // causal: a kept query sees on average half of the keys
                attention += 2.0 * 2.0 * a.heads() * a.headDim() * kept * (cached + 1) / 2.0;
                kvBytes += 2L * a.kvHeads() * a.headDim() * DType.F32.bytes() * cached;
            }
        }
        return new LayerCost(index, kept, linear, attention, kvBytes);
    }

    private static double routerFlops(Node node, long tokens) {
        double flops = 0;
        for (Value w : node.operands().subList(ModLayer.WEIGHTS, node.operands().size())) {
            TensorType t = w.tensor();
            flops += t.rank() == 2 ? 2.0 * tokens * size(t) : 0;
        }
        return flops;
    }

    private static double weightSize(Node linear) {
        return size(linear.operand(1).tensor());
    }

    private static double size(TensorType t) {
        double n = 1;
        for (long d : t.fixedShape()) {
            n *= d;
        }
        return n;
    }

    /** The nodes that the keys and values of a layer's attention are computed from. */
    public static Set<Node> keysAndValues(Region body) {
        Set<Node> found = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Node node : body.nodes()) {
            if (node.kind() instanceof Attention) {
                Slices.backward(node.operand(1), found);
                Slices.backward(node.operand(2), found);
            }
        }
        return found;
    }
}
