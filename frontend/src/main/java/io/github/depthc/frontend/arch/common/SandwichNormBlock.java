// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.common;

import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Binary.Branch;
import io.github.depthc.ir.op.Unary;

/**
 * Gemma's layer since version 2: each branch between two norms, {@code r = x + norm(o(attn(norm x)))},
 * {@code y = r + norm(mlp(norm r))}.
 *
 * @param attention  how it attends
 * @param activation of the gated MLP
 * @param bias       whether the four projections of the attention have one
 * @param headNorms  whether each query and key head is normed before the rotation (Gemma 3)
 */
public record SandwichNormBlock(AttentionStyle attention, Unary activation, boolean bias, boolean headNorms) implements LayerBody {
    @Override
    public Value build(LayerScope layer, Value x) {
        Value h = layer.norm("input_layernorm", x);
        Value q = layer.linear("self_attn.q_proj", h, layer.queryWidth(), bias);
        Value k = layer.linear("self_attn.k_proj", h, layer.keyWidth(), bias);
        Value v = layer.linear("self_attn.v_proj", h, layer.keyWidth(), bias);
        Value attended = layer.attend(attention, headNorms ? layer.headNorm("self_attn.q_norm", q) : q,
                headNorms ? layer.headNorm("self_attn.k_norm", k) : k, v);
        Value output = layer.linear("self_attn.o_proj", attended, layer.hidden(), bias);
        Value r = layer.residual(Branch.ATTENTION, x, layer.norm("post_attention_layernorm", output));
        Value mlp = layer.gatedMlp(activation, layer.norm("pre_feedforward_layernorm", r), false);
        return layer.residual(Branch.MLP, r, layer.norm("post_feedforward_layernorm", mlp));
    }
}
