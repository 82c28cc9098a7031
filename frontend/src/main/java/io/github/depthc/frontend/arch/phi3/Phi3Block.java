// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.phi3;

import io.github.depthc.frontend.arch.common.AttentionStyle;
import io.github.depthc.frontend.arch.common.LayerBody;
import io.github.depthc.frontend.arch.common.LayerScope;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Binary.Branch;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.ir.weight.WeightExpr;

/**
 * Llama's layer with fused matrices, read here through views of their rows, so that everything behind the import sees
 * separate projections.
 */
record Phi3Block(AttentionStyle attention, Unary activation) implements LayerBody {
    @Override
    public Value build(LayerScope layer, Value x) {
        Value h = layer.norm("input_layernorm", x);
        long queries = layer.queryWidth();
        long keys = layer.keyWidth();
        WeightExpr qkv = layer.tensor("self_attn.qkv_proj.weight", queries + 2 * keys, layer.hidden());
        Value q = layer.linear("q_proj", h, new WeightExpr.Slice(qkv, 0, 0, queries));
        Value k = layer.linear("k_proj", h, new WeightExpr.Slice(qkv, 0, queries, queries + keys));
        Value v = layer.linear("v_proj", h, new WeightExpr.Slice(qkv, 0, queries + keys, queries + 2 * keys));
        Value attended = layer.attend(attention, q, k, v);
        Value r = layer.residual(Branch.ATTENTION, x, layer.linear("self_attn.o_proj", attended, layer.hidden(), false));

        Value n = layer.norm("post_attention_layernorm", r);
        long width = layer.intermediate();
        WeightExpr gateUp = layer.tensor("mlp.gate_up_proj.weight", 2 * width, layer.hidden());
        Value gate = layer.linear("gate_proj", n, new WeightExpr.Slice(gateUp, 0, 0, width));
        Value up = layer.linear("up_proj", n, new WeightExpr.Slice(gateUp, 0, width, 2 * width));
        Value mlp = layer.linear("mlp.down_proj", layer.gated(activation, gate, up), layer.hidden(), false);
        return layer.residual(Branch.MLP, r, mlp);
    }
}
