// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.quantize;

import io.github.depthc.ir.weight.QuantizationError;
import java.util.List;
import java.util.OptionalInt;

/**
 * What quantising weights cost.
 *
 * @param bits   of a code
 * @param block  elements with a scale of their own
 * @param places where weights were quantised, layers first
 */
public record QuantizationTrace(int bits, int block, List<Place> places) {
    /**
     * A decoder layer, or a weight outside of all layers.
     *
     * @param name    {@code layer 3}, or the name of the weight
     * @param layer   the layer, from 0
     * @param weights how many matrices
     * @param error   of all of them together
     */
    public record Place(String name, OptionalInt layer, int weights, QuantizationError error) {
    }
}
