// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.EmbeddingNBits;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightExpr.Quantized;
import java.util.List;
import java.util.Locale;

/** Quantised weights as engines take them: codes in two's complement, and positive scales in the type of what is dequantised. */
final class EngineWeights {
    private EngineWeights() {
    }

    /**
     * A weight as engines take it; itself where it is no code and no scale.
     *
     * @throws InputException for scales that engines do not take
     */
    static WeightExpr of(WeightExpr weight, DType rowType) {
        if (!(weight instanceof Quantized q)) {
            return weight;
        }
        if (q.scales() != Quantized.Scales.of(rowType)) {
            throw new InputException("the weights are quantized with scales=" + q.scales().name().toLowerCase(Locale.ROOT) + ", expected scales=" + rowType.text()
                    + " (quantize-weights), which engines in " + rowType + " take; convert with --weights int8 or int4, which says so by itself, or with that option in the pipeline");
        }
        return q.part() == Quantized.Part.CODES ? q.with(Quantized.Part.SIGNED) : q;
    }

    /** A graph without steps beside it: tables of embeddings, which no engine dequantises row by row, hold what their codes stand for. */
    static Region ofOneGraph(Region graph, DType rowType) {
        var b = new RegionBuilder();
        b.copyParams(graph);
        for (Node node : graph.nodes()) {
            switch (node.kind()) {
                case Weight(WeightExpr expr) -> b.copy(node, new Weight(of(expr, rowType)), List.of(), List.of());
                case EmbeddingNBits e -> {
                    var codes = (Quantized) ((Weight) ((Result) node.operand(1)).node().kind()).expr();
                    b.at(node.location());
                    b.copy(node, new Embedding(), List.of(b.value(node.operand(0)), b.add(node.result(0).name() + "_table", new Weight(codes.with(Quantized.Part.VALUES)))), List.of());
                }
                default -> b.copy(node);
            }
        }
        return b.build(b.values(graph.yields()));
    }
}
