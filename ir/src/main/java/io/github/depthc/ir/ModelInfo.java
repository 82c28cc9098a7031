// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.util.Objects;

/**
 * Facts about a decoder that are not in its graph.
 *
 * @param name          what the user calls it (the checkpoint folder's name)
 * @param architecture  HuggingFace {@code model_type}
 * @param layers        decoder layers, at least 1
 * @param hidden        width of the hidden states
 * @param heads         query heads
 * @param kvHeads       key and value heads
 * @param headDim       size of one head
 * @param intermediate  width of the MLP
 * @param vocab         size of the vocabulary (rows of the LM head)
 * @param context       the longest sequence the model was made for, in tokens
 */
public record ModelInfo(String name, String architecture, int layers, int hidden, int heads, int kvHeads, int headDim,
        int intermediate, int vocab, int context) {
    public ModelInfo {
        Objects.requireNonNull(name, "name of a model");
        Objects.requireNonNull(architecture, "architecture of a model");
    }

    /** Of a graph on its own, which need not have a model's parameters and yields. */
    public static final ModelInfo NONE = new ModelInfo("", "", 0, 0, 0, 0, 0, 0, 0, 0);
}
