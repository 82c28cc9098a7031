// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.common;

import io.github.depthc.ir.Value;

/** What a decoder layer computes. */
@FunctionalInterface
public interface LayerBody {
    /** Adds the layer's nodes, one attention among them, and gives its new hidden states; x is {@code f32[tokens, hidden]}. */
    Value build(LayerScope layer, Value x);
}
