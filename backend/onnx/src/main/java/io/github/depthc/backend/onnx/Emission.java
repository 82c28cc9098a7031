// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.backend.onnx.proto.ModelProto;
import java.util.List;

/**
 * An emitted graph.
 *
 * @param model   the graph; all weights but the smallest are external data
 * @param caches  one entry for each cache parameter, in the order of the parameters, which is the order of the rows of
 *                {@code cache_lengths} and {@code present_lengths}
 * @param weights the external weights, in the order of their initializers
 */
public record Emission(ModelProto model, List<EmittedCache> caches, List<EmittedWeight> weights) {
    public Emission {
        caches = List.copyOf(caches);
        weights = List.copyOf(weights);
    }
}
