// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.common;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.depthc.frontend.json.JsonObject;
import java.util.List;
import java.util.Set;

/**
 * Refuses configurations that switch on something which would change the numbers and which no architecture here computes.
 * A key that is absent, null, false, zero, empty or a factor of one is off.
 */
public final class Features {
    private static final List<String> UNKNOWN = List.of(
            // other number formats and wrappers
            "quantization_config", "compression_config", "is_encoder_decoder", "add_cross_attention", "cross_attention_layers",
            "pruned_heads",
            // mixture of experts
            "num_experts", "num_local_experts", "n_routed_experts", "num_experts_per_tok", "moe_intermediate_size", "moe_layers",
            // hybrids and other attention
            "layers_block_type", "attn_layer_indices", "ssm_cfg", "mamba_d_state", "linear_attn_config", "attention_chunk_size",
            "dual_chunk_attention_config", "no_rope_layers", "no_rope_layer_interval", "alibi", "use_alibi", "parallel_attn",
            "use_parallel_residual", "use_bidirectional_attention", "qk_layernorm", "use_qk_norm", "clip_qkv", "attention_sinks",
            "attn_temperature_tuning", "kv_lora_rank", "q_lora_rank",
            // scalings
            "attention_multiplier", "residual_multiplier", "embedding_multiplier", "logits_scaling", "logit_scale", "scale_emb",
            "scale_depth", "dim_model_base");

    /** Features of some families that the others do not have. */
    private static final List<String> OF_SOME = List.of("attention_bias", "mlp_bias", "sliding_window", "partial_rotary_factor",
            "attn_logit_softcapping", "final_logit_softcapping", "query_pre_attn_scalar");

    private Features() {
    }

    /** Passes if nothing is on that this family does not read; {@code read} are the keys of {@link #OF_SOME} that it does. */
    public static void check(JsonObject config, Set<String> read) {
        for (String key : UNKNOWN) {
            refuse(config, key);
        }
        for (String key : OF_SOME) {
            if (!read.contains(key)) {
                refuse(config, key);
            }
        }
    }

    /** Refuses one more key. */
    public static void refuse(JsonObject config, String key) {
        if (config.has(key) && !isOff(config.node().get(key))) {
            throw config.error(key, "it to be absent: this feature is not supported for model_type "
                    + config.optString("model_type", "of this kind"));
        }
    }

    private static boolean isOff(JsonNode value) {
        return value.isBoolean() && !value.booleanValue() || value.isNumber() && (value.doubleValue() == 0 || value.doubleValue() == 1)
                || value.isContainerNode() && value.isEmpty();
    }
}
