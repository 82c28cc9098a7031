// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightExpr.Quantized.Scales;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.Rewriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Models with every weight that {@code quantize-weights} puts into integers in the values that its codes stand for, in F32. */
final class Rounded {
    private Rounded() {
    }

    static Model of(Model dense, int bits, int block, Scales scales) {
        Set<WeightExpr> tables = dense.graph().nodes().stream().filter(n -> n.kind() instanceof Embedding)
                .map(n -> ((Weight) ((Result) n.operand(1)).node().kind()).expr()).collect(Collectors.toSet());
        Model model = dense;
        for (Function<Model, Rewriter> rewriter : List.<Function<Model, Rewriter>>of(Rewriter::bodies, Rewriter::graph)) {
            Outcome outcome = rewriter.apply(model).apply(PassContext.builder().build(), "weights rounded", site -> {
                if ((site.node().kind() instanceof Embedding || site.node().kind() instanceof Linear) && site.node().operand(1) instanceof Result r
                        && r.node().kind() instanceof Weight w
                        && (!tables.contains(w.expr()) && scales == Scales.EITHER_SIGN || w.expr().type().fixedShape()[1] % block == 0)) {
                    var operands = new ArrayList<>(site.operands());
                    operands.set(1, site.builder().add("rounded", new Weight(new WeightExpr.Quantized(w.expr(), bits, block, WeightExpr.Quantized.Part.VALUES, scales))));
                    site.replaceKind(site.node().kind(), operands);
                }
            });
            model = outcome instanceof Outcome.Changed c ? c.model() : model;
        }
        return model;
    }
}
