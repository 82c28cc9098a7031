// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.weight.WeightExpr;

/**
 * A weight of the graph that is external data.
 *
 * @param name   name of the initializer
 * @param expr   what it holds
 * @param placed where its bytes are
 */
public record EmittedWeight(String name, WeightExpr expr, WeightPlacement.Placed placed) {
}
