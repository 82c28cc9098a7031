// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import io.github.depthc.backend.plan.PlanEngine;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.OpCost;
import io.github.depthc.passes.api.Cost;
import io.github.depthc.passes.builtin.BuiltinPasses;

/**
 * FLOPs of a prefill as it is run, in which the last token's logits alone are computed.
 *
 * @param linear    linear layers and LM head
 * @param attention attention scores over causal pairs
 */
public record PromptFlops(double linear, double attention) {
    /**
     * The graph whose FLOPs are those that an engine does: segments and kernels compute the last layer for every token that it keeps, the CPU's
     * graph for the last token alone.
     */
    public static Model counted(Engine engine, Model layered) {
        return engine instanceof PlanEngine ? BuiltinPasses.flattened(layered) : BuiltinPasses.lowered(layered);
    }

    /**
     * FLOPs of a prompt, by the tokens that the layers really kept.
     *
     * @param flat       the model, lowered as it is run
     * @param tokens     of the prompt
     * @param candidates those that might have been skipped
     * @param kept       tokens that each layer processed
     */
    public static PromptFlops of(Model flat, int tokens, int candidates, int[] kept) {
        OpCost cost = Cost.lastToken(flat, new Cost.Mix(candidates, tokens - candidates), kept);
        return new PromptFlops(cost.linear(), cost.attention());
    }

    /** FLOPs of a prompt in a dense model, which is lowered. */
    public static PromptFlops dense(Model flat, int tokens) {
        OpCost cost = Cost.lastToken(flat, new Cost.Mix(0, tokens));
        return new PromptFlops(cost.linear(), cost.attention());
    }

    /** All. */
    public double total() {
        return linear + attention;
    }
}
