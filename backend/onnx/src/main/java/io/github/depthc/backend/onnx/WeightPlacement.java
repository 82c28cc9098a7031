// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.weight.WeightExpr;

/** Says where the bytes of a weight are. Called once for each distinct weight of a graph, in the order of their first use. */
@FunctionalInterface
public interface WeightPlacement {
    /** The place of this weight; the stored elements have the weight's shape. Never asked for a {@link WeightExpr.Inline}. */
    Placed place(WeightExpr weight);

    /**
     * Where a weight's bytes are, little-endian and row-major.
     *
     * @param location file, relative to the folder of the model, with {@code /} and without {@code ..}
     * @param offset   first byte
     * @param length   number of bytes
     * @param stored   element type of the bytes; one that is not F32 is cast behind the initializer
     */
    record Placed(String location, long offset, long length, DType stored) {
    }
}
