// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.pmod;

import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.ArrayList;
import java.util.List;

/** The weights of one layer's router, {@code model.layers.N.router.router.weight [1, d]} and {@code …bias [1]}. */
record PmodRouter(List<WeightExpr> weights) {
    /** Name of the weight in its layer. */
    static final String WEIGHT = "router.router.weight";
    /** Name of the bias in its layer. */
    static final String BIAS = "router.router.bias";

    /** Those of a layer; with an affine gate its factor and offset are multiplied and added in. */
    static PmodRouter of(Tensors tensors, String prefix, int hidden, boolean bias, PmodGate gate) {
        WeightExpr.Stored w = tensors.weight(prefix + WEIGHT, 1, hidden);
        var stored = new ArrayList<WeightExpr.Stored>(List.of(w));
        if (bias) {
            stored.add(tensors.weight(prefix + BIAS, 1));
        }
        if (!gate.isAffine()) {
            return new PmodRouter(List.copyOf(stored));
        }
        WeightExpr scaled = gate.alpha() == 1 ? w : affine(tensors, w, gate.alpha(), 0);
        WeightExpr shifted = bias ? affine(tensors, stored.getLast(), gate.alpha(), gate.beta())
                : new WeightExpr.Inline(TensorType.fixed(DType.F32, 1), List.of(gate.beta()));
        return new PmodRouter(List.of(scaled, shifted));
    }

    /** True if the score has a bias. */
    boolean biased() {
        return weights.size() == 2;
    }

    /** {@code alpha · w + beta} by value; the weight itself where there are no bytes to read, in a plan without weights. */
    private static WeightExpr affine(Tensors tensors, WeightExpr.Stored weight, double alpha, double beta) {
        return tensors.floats(weight).<WeightExpr>map(floats -> {
            var values = new ArrayList<Double>();
            for (float f : floats) {
                values.add((double) (float) (alpha * f + beta));
            }
            return new WeightExpr.Inline(TensorType.fixed(DType.F32, weight.type().fixedShape()), values);
        }).orElse(weight);
    }
}
