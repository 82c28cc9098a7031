// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.pmod;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.frontend.arch.Architecture;
import io.github.depthc.frontend.arch.Decoder;
import io.github.depthc.frontend.arch.DecoderConfig;
import io.github.depthc.frontend.arch.Size;
import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.frontend.arch.common.DecoderBuilder;
import io.github.depthc.frontend.arch.common.Features;
import io.github.depthc.frontend.arch.common.LayerBody;
import io.github.depthc.frontend.arch.common.LlamaBlocks;
import io.github.depthc.frontend.arch.common.LlavaTensors;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.mod.Routing;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * p-MoD (Zhang et al. 2024), the text decoder: Llama with layers that skip vision tokens, as {@code pmod_llava_llama.py} of
 * {@code MCG-NJU/p-MoD} computes it. A routed layer wraps the dense one, whose tensors then begin with
 * {@code model.layers.N.decoder_layer.}.
 */
public final class PmodArchitecture implements Architecture {
    @Override
    public List<String> modelTypes() {
        return List.of("pmod_llava_llama");
    }

    @Override
    public List<String> classNames() {
        return List.of("PmodLlavaLlamaForCausalLM");
    }

    @Override
    public Decoder build(DecoderConfig config, Tensors tensors) {
        Features.check(config.json(), Set.of("attention_bias"));
        ModelInfo info = config.info(modelTypes().getFirst());
        LayerBody block = LlamaBlocks.of(config, info);
        var decoder = new DecoderBuilder(info, tensors, LlamaBlocks.style(config));
        int index = 0;
        for (OptionalDouble ratio : PmodSchedule.of(config.json(), info.layers())) {
            if (ratio.isPresent()) {
                addRouted(decoder, config, tensors, index, ratio.getAsDouble(), block);
            } else {
                decoder.layer(block);
            }
            index++;
        }
        LlavaTensors.declareUnused(tensors);
        return decoder.finish();
    }

    private static void addRouted(DecoderBuilder decoder, DecoderConfig config, Tensors tensors, int index, double ratio, LayerBody block) {
        String prefix = DecoderBuilder.prefix(index);
        PmodGate gate = PmodGate.of(config.json());
        PmodRouter router = PmodRouter.of(tensors, prefix, config.size(Size.HIDDEN), config.flag("mod_bias_enabled"), gate);
        Routing routing = Routing.pmod(ratio, gate.gate(), router.biased()).withCandidates(candidates(config));
        decoder.modLayer(prefix + "decoder_layer.", block, routing, router.weights());
    }

    /** Vision tokens, or only those of the high-resolution part, which is for the caller to tell; or text too. */
    private static Routing.Candidates candidates(DecoderConfig config) {
        return switch (config.json().optString("mod_target_token_type", "vision_hr")) {
            case "vision_hr", "vision_all" -> Routing.Candidates.VISION;
            case "all" -> Routing.Candidates.ALL;
            default -> throw config.json().error("mod_target_token_type", "vision_hr, vision_all or all");
        };
    }

    /**
     * The published schedule counts 32 layers whatever the depth is, and leaves the first eight dense: shallower models take
     * one that counts their own. The first layer always stays dense.
     */
    @Override
    public void fitToSizes(ObjectNode config) {
        int layers = config.get(Size.LAYERS.key()).intValue();
        if (layers < PmodSchedule.LAYERS) {
            config.put(PmodSchedule.KEY, layers < 4 ? "interleave" : "deep_all");
        }
    }

    /** Scores with a deviation near 1, on hidden states as small as random layers of this width make them. */
    @Override
    public OptionalDouble exampleDeviation(String tensor, DecoderConfig config) {
        double d = config.size(Size.HIDDEN);
        return tensor.endsWith(PmodRouter.WEIGHT) ? OptionalDouble.of(1 / (Math.sqrt(d) * (0.02 + 0.0004 * d))) : OptionalDouble.empty();
    }

    /** p-MoD-LLaVA-1.5 7B. */
    @Override
    public Set<Size> derivedSizes() {
        return Set.of(Size.HEAD_DIM);
    }

    @Override
    public String exampleConfig() {
        return """
                {
                  "architectures": ["PmodLlavaLlamaForCausalLM"],
                  "model_type": "pmod_llava_llama",
                  "hidden_act": "silu",
                  "hidden_size": 4096,
                  "intermediate_size": 11008,
                  "num_hidden_layers": 32,
                  "num_attention_heads": 32,
                  "num_key_value_heads": 32,
                  "max_position_embeddings": 4096,
                  "vocab_size": 32000,
                  "rms_norm_eps": 1e-05,
                  "rope_theta": 10000.0,
                  "rope_scaling": null,
                  "attention_bias": false,
                  "mod_target_layers": "shiftedcos_decay_0.85_0.15",
                  "mod_router_factor": 0.5,
                  "mod_weight_norm": "tanh_0.2_1",
                  "mod_bias_enabled": true,
                  "mod_special_init": true,
                  "mod_target_token_type": "vision_all",
                  "tie_word_embeddings": false,
                  "bos_token_id": 1,
                  "eos_token_id": 2,
                  "torch_dtype": "bfloat16"
                }
                """;
    }
}
