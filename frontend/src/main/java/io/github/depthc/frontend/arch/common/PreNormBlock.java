// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.common;

import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Binary.Branch;
import io.github.depthc.ir.op.Unary;

/**
 * Llama's layer, which most families share: {@code r = x + o(attn(norm x))}, {@code y = r + mlp(norm r)}, with separate
 * projections.
 *
 * @param attention  how it attends
 * @param activation of the gated MLP
 * @param biases     which projections have one
 */
public record PreNormBlock(AttentionStyle attention, Unary activation, Biases biases) implements LayerBody {
    /** Which projections add a bias: queries, keys and values; the attention's output; the MLP's three. */
    public record Biases(boolean qkv, boolean output, boolean mlp) {
        public static final Biases NONE = new Biases(false, false, false);
    }

    @Override
    public Value build(LayerScope layer, Value x) {
        Value h = layer.norm("input_layernorm", x);
        Value q = layer.linear("self_attn.q_proj", h, layer.queryWidth(), biases.qkv());
        Value k = layer.linear("self_attn.k_proj", h, layer.keyWidth(), biases.qkv());
        Value v = layer.linear("self_attn.v_proj", h, layer.keyWidth(), biases.qkv());
        Value attended = layer.attend(attention, q, k, v);
        Value r = layer.residual(Branch.ATTENTION, x, layer.linear("self_attn.o_proj", attended, layer.hidden(), biases.output()));
        Value mlp = layer.gatedMlp(activation, layer.norm("post_attention_layernorm", r), biases.mlp());
        return layer.residual(Branch.MLP, r, mlp);
    }
}
