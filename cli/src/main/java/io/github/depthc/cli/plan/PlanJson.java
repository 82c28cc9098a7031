// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.cli.console.JsonOutput;
import io.github.depthc.ir.ModelInfo;

/** A plan for a program: FLOPs as numbers, KV in bytes, ratios 0 to 1. */
public final class PlanJson {
    private PlanJson() {
    }

    /** The keys {@code model}, {@code prompt}, {@code layers} and {@code totals}. */
    public static ObjectNode of(PlanReport plan) {
        ObjectNode o = JsonOutput.object();
        putModel(o.putObject("model"), plan.info());
        o.putObject("prompt").put("tokens", plan.mix().tokens()).put("candidates", plan.mix().candidates());
        ArrayNode layers = o.putArray("layers");
        for (LayerPlan l : plan.layers()) {
            ObjectNode layer = layers.addObject().put("layer", l.index()).put("kind", l.mod() ? "mod" : "dense");
            JsonOutput.put(layer, "ratio", l.ratio());
            layer.put("kept", l.kept()).put("flops", l.flops()).put("flops_dense", l.denseFlops())
                    .put("attention_flops", l.attentionFlops()).put("attention_flops_dense", l.denseAttentionFlops())
                    .put("kv_bytes", l.kvBytes()).put("kv_bytes_dense", l.denseKvBytes());
            JsonOutput.put(layer, "arank", l.arank());
            layer.put("routing", l.routing());
        }
        o.putObject("totals").put("mod_layers", plan.modLayers())
                .put("flops", plan.flops()).put("flops_dense", plan.denseFlops()).put("flops_ratio", plan.flops() / plan.denseFlops())
                .put("attention_flops", plan.attentionFlops()).put("attention_flops_dense", plan.denseAttentionFlops())
                .put("kv_bytes", plan.kvBytes()).put("kv_bytes_dense", plan.denseKvBytes());
        return o;
    }

    /** Facts about a model. */
    public static void putModel(ObjectNode o, ModelInfo m) {
        o.put("name", m.name()).put("architecture", m.architecture()).put("layers", m.layers()).put("hidden", m.hidden())
                .put("heads", m.heads()).put("kv_heads", m.kvHeads()).put("head_dim", m.headDim()).put("intermediate", m.intermediate())
                .put("vocab", m.vocab()).put("context", m.context());
    }
}
