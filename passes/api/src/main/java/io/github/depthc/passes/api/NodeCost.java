// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.Dim;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Lowerable;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpCalls;
import io.github.depthc.ir.OpCost;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModOverlap;
import io.github.depthc.ir.mod.ModSelect;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** What a node of a layered model costs on a prompt: its own cost, or that of what it is lowered to. */
final class NodeCost {
    private final Cost.Mix mix;
    /** Dimensions that are not all of the prompt's tokens. */
    private final Map<Dim, Double> kept = new HashMap<>();

    private final ToDoubleFunction<ModSelect> selected;

    private NodeCost(Cost.Mix mix, ToDoubleFunction<ModSelect> selected) {
        this.mix = mix;
        this.selected = selected;
    }

    private NodeCost(Cost.Mix mix) {
        this(mix, s -> mix.kept(s.selection()));
    }

    static OpCost of(Node node, Cost.Mix mix) {
        return of(node, node.kind(), mix);
    }

    /** Of a node as if it were of another kind, which reads the same first operands. */
    static OpCost of(Node node, OpKind kind, Cost.Mix mix) {
        return new NodeCost(mix).cost(node, kind);
    }

    /** Of a whole graph, where one token's logits are wanted. */
    static OpCost ofLastToken(Region graph, Cost.Mix mix) {
        return new NodeCost(mix).lastToken(graph);
    }

    /** The same, for what the selections really kept. */
    static OpCost ofLastToken(Region graph, Cost.Mix mix, ToDoubleFunction<ModSelect> selected) {
        return new NodeCost(mix, selected).lastToken(graph);
    }

    private OpCost lastToken(Region graph) {
        Param wanted = graph.param(GraphNames.LOGITS_AT);
        if (wanted != null) {
            kept.put(wanted.tensor().dim(0), 1.0);
        }
        OpCost sum = OpCost.NONE;
        for (Node node : graph.nodes()) {
            sum = sum.plus(cost(node, node.kind()));
        }
        return sum;
    }

    private OpCost cost(Node node, OpKind kind) {
        if (kind instanceof ModSelect select) {
            kept.put(Dim.of(select.kept()), selected.applyAsDouble(select));
        }
        if (kind instanceof ModOverlap overlap) {
            List<Type> types = node.operandTypes();
            kept.put(Dim.of(overlap.both()), Math.min(size(((TensorType) types.get(1)).dim(0)), size(((TensorType) types.get(ModOverlap.WANTED)).dim(0))));
        }
        if (!(kind instanceof Lowerable lowerable)) {
            return OpCalls.cost(kind, node.operandTypes(), this::size);
        }
        var b = new RegionBuilder();
        var operands = new ArrayList<Value>();
        for (Value v : node.operands()) {
            operands.add(b.param("operand_" + operands.size(), v.type()));
        }
        List<Value> results = OpCalls.lower(lowerable, node, operands, b);
        OpCost sum = OpCost.NONE;
        for (Node made : b.build(results).nodes()) {
            sum = sum.plus(cost(made, made.kind()));
        }
        return sum;
    }

    /** Any other dimension is one of the prompt's tokens. */
    private double size(Dim dim) {
        return dim instanceof Dim.Fixed(long size) ? size : kept.getOrDefault(dim, (double) mix.tokens());
    }
}
