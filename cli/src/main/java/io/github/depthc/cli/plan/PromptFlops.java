// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import io.github.depthc.ir.Model;
import io.github.depthc.passes.api.Cost;
import java.util.Optional;

/**
 * FLOPs that a prefill really did.
 *
 * @param linear    linear layers over the tokens that each layer processed, and the LM head at the last position
 * @param attention attention scores over causal pairs
 */
public record PromptFlops(double linear, double attention) {
    /**
     * FLOPs as {@code inspect} counts them; in layers with a threshold by the tokens that were kept.
     *
     * @param layered    the model with its layers
     * @param tokens     of the prompt
     * @param candidates those that might have been skipped
     * @param kept       tokens that each layer processed
     */
    public static PromptFlops of(Model layered, int tokens, int candidates, int[] kept) {
        PlanReport plan = PlanReport.of(layered, new Cost.Mix(candidates, tokens - candidates), Optional.empty());
        double linear = plan.headFlops() / tokens + plan.extraFlops();
        double attention = 0;
        for (LayerPlan l : plan.layers()) {
            // the plan takes a threshold to keep all
            double n = l.mod() && l.ratio().isEmpty() ? kept[l.index()] : tokens;
            linear += l.flops() - l.denseFlops() * (tokens - n) / tokens;
            attention += l.attentionFlops() * n * (n + 1) / ((double) tokens * (tokens + 1));
        }
        return new PromptFlops(linear, attention);
    }
}
