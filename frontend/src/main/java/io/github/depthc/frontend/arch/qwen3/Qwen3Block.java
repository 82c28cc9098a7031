// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.qwen3;

import io.github.depthc.frontend.arch.common.AttentionStyle;
import io.github.depthc.frontend.arch.common.LayerBody;
import io.github.depthc.frontend.arch.common.LayerScope;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Binary.Branch;
import io.github.depthc.ir.op.Unary;

/** Llama's layer with a norm on each query and key head before the rotation. */
record Qwen3Block(AttentionStyle attention, Unary activation, boolean bias) implements LayerBody {
    @Override
    public Value build(LayerScope layer, Value x) {
        Value h = layer.norm("input_layernorm", x);
        Value q = layer.headNorm("self_attn.q_norm", layer.linear("self_attn.q_proj", h, layer.queryWidth(), bias));
        Value k = layer.headNorm("self_attn.k_norm", layer.linear("self_attn.k_proj", h, layer.keyWidth(), bias));
        Value v = layer.linear("self_attn.v_proj", h, layer.keyWidth(), bias);
        Value attended = layer.attend(attention, q, k, v);
        Value r = layer.residual(Branch.ATTENTION, x, layer.linear("self_attn.o_proj", attended, layer.hidden(), bias));
        Value mlp = layer.gatedMlp(activation, layer.norm("post_attention_layernorm", r), false);
        return layer.residual(Branch.MLP, r, mlp);
    }
}
