// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.common;

import io.github.depthc.ir.op.RotarySpec;

/**
 * How a layer attends.
 *
 * @param rotary  its rotary embedding
 * @param scale   factor on {@code q · k}
 * @param softcap cap of the scores, 0 for none
 * @param window  how many tokens back a query sees, itself included, 0 for all
 */
public record AttentionStyle(RotarySpec rotary, double scale, double softcap, int window) {
    /** The usual: scale {@code 1 / √headDim}, no cap, everything visible. */
    public static AttentionStyle of(RotarySpec rotary, int headDim) {
        return new AttentionStyle(rotary, 1 / Math.sqrt(headDim), 0, 0);
    }

    /** This with a window. */
    public AttentionStyle within(int tokens) {
        return new AttentionStyle(rotary, scale, softcap, tokens);
    }
}
