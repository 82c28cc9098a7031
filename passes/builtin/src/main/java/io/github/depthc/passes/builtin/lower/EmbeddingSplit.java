// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.lower;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.EmbeddingNBits;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A lowered model cut in two behind its embeddings, so that other embeddings than those of text can be put between. This comes last:
 * passes that run the model on text, or quantise its table, see the whole.
 *
 * @param embedding {@code input_ids i64[tokens]} to {@code inputs_embeds f32[tokens, d]}, and then the learned embeddings that were given
 * @param decoder   the model with the parameter {@code inputs_embeds f32[tokens, d]} in the place of {@code input_ids}
 */
public record EmbeddingSplit(Region embedding, Model decoder) {
    /**
     * Cuts a model.
     *
     * @param learned embeddings {@code [d]} that belong to no token
     * @throws IllegalArgumentException if the model has no token ids, or embeds them more than once
     */
    public static EmbeddingSplit of(Model model, WeightExpr... learned) {
        Region graph = model.graph();
        Param ids = graph.param(GraphNames.TOKEN_IDS);
        List<Node> readers = graph.nodes().stream().filter(n -> n.operands().contains(ids)).toList();
        if (readers.size() != 1 || !(readers.getFirst().kind() instanceof Embedding || readers.getFirst().kind() instanceof EmbeddingNBits)) {
            throw new IllegalArgumentException(model.info().name() + ": " + readers.size() + " nodes read its token ids, expected one embedding");
        }
        var cut = new ArrayList<>(readers);
        List<Node> behind = readers(graph, last(cut));
        while (behind.size() == 1 && behind.getFirst().kind() instanceof Unary.Scale) {
            cut.add(behind.getFirst());
            behind = readers(graph, last(cut));
        }
        return new EmbeddingSplit(embedding(ids, cut, learned), model.withGraph(decoder(graph, ids, cut)));
    }

    private static List<Node> readers(Region graph, Value value) {
        return graph.nodes().stream().filter(n -> n.operands().contains(value)).toList();
    }

    private static Value last(List<Node> nodes) {
        return nodes.getLast().result(0);
    }

    private static Region embedding(Param ids, List<Node> cut, WeightExpr... learned) {
        var b = new RegionBuilder();
        b.map(ids, b.param(ids.name(), ids.type()));
        for (Node node : cut) {
            for (Value operand : node.operands()) {
                if (!b.has(operand)) {
                    b.copy(((Result) operand).node());
                }
            }
            b.copy(node);
        }
        var yields = new ArrayList<Value>(List.of(b.value(last(cut))));
        Arrays.stream(learned).forEach(w -> yields.add(b.add("learned", new Weight(w))));
        return b.build(yields);
    }

    private static Region decoder(Region graph, Param ids, List<Node> cut) {
        var b = new RegionBuilder();
        b.begin(graph.location());
        for (Param p : graph.params()) {
            boolean here = p == ids;
            Param made = here ? b.param(GraphNames.INPUTS_EMBEDS, TensorType.of(DType.F32, Dim.TOKENS, last(cut).tensor().dim(1))) : b.param(p.name(), p.type());
            b.map(here ? last(cut) : p, made);
        }
        List<Value> used = graph.nodes().stream().filter(n -> !cut.contains(n)).flatMap(n -> n.operands().stream()).toList();
        for (Node node : graph.nodes()) {
            boolean weightOfTheTable = node.kind() instanceof Weight && !used.contains(node.result(0)) && !graph.yields().contains(node.result(0));
            if (!cut.contains(node) && !weightOfTheTable) {
                b.copy(node);
            }
        }
        return b.build(b.values(graph.yields()));
    }
}
