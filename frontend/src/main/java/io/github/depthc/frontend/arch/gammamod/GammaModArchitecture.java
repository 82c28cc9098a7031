// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.gammamod;

import com.fasterxml.jackson.databind.node.ArrayNode;
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
import io.github.depthc.ir.weight.WeightExpr;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * γ-MoD (Luo et al. 2024), the text decoder: Llama with layers that skip the tokens to which a shared router gives a low
 * probability, as the {@code Eval…} class of {@code llava_llama_mod.py} of {@code Yaxin9Luo/Gamma-MOD} computes it.
 */
public final class GammaModArchitecture implements Architecture {
    /** A prompt token is kept above this probability. */
    private static final double PROMPT_THRESHOLD = 0.005;
    /** A lone token is kept from this probability on. */
    private static final double SINGLE_THRESHOLD = 0.5;
    /** What every routed layer does. */
    static final Routing ROUTING = Routing.gamma(PROMPT_THRESHOLD, SINGLE_THRESHOLD);

    @Override
    public List<String> modelTypes() {
        return List.of("mod_llava_llama");
    }

    @Override
    public List<String> classNames() {
        return List.of("MoDLLaVALlamaForCausalLM", "EvalMoDLLaVALlamaForCausalLM");
    }

    @Override
    public Map<String, String> refused() {
        return Map.of("mod_mgm", "γ-MoD's Mini-Gemini variant numbers positions anew in the prompt but not in decode, and skips nothing"
                + " there, which no runtime here does; the LLaVA variant (mod_llava_llama) can be imported");
    }

    @Override
    public Decoder build(DecoderConfig config, Tensors tensors) {
        Features.check(config.json(), Set.of());
        ModelInfo info = config.info(modelTypes().getFirst());
        LayerBody block = LlamaBlocks.of(config, info);
        List<Integer> routed = GammaModLayers.of(config.json(), info.layers());
        var decoder = new DecoderBuilder(info, tensors, LlamaBlocks.style(config));
        List<WeightExpr> router = routed.isEmpty() ? List.of() : List.of(SharedRouter.of(tensors, routed, info));
        for (int i = 0; i < info.layers(); i++) {
            if (routed.contains(i)) {
                decoder.modLayer(DecoderBuilder.prefix(i), block, ROUTING, router);
            } else {
                decoder.layer(block);
            }
        }
        LlavaTensors.declareUnused(tensors);
        return decoder.finish();
    }

    /** A list of layers, where the recipe that the name stands for may leave a shallow model none. */
    @Override
    public void fitToSizes(ObjectNode config) {
        ArrayNode list = config.withObject("mod").putArray(GammaModLayers.INDICES);
        GammaModLayers.example(config.get(Size.LAYERS.key()).intValue()).forEach(list::add);
    }

    /** Of normed hidden states about a quarter then lies below the threshold of prompts, and half below that of lone tokens. */
    @Override
    public OptionalDouble exampleDeviation(String tensor, DecoderConfig config) {
        return tensor.endsWith(SharedRouter.WEIGHT) ? OptionalDouble.of(8 / Math.sqrt(2.0 * config.size(Size.HIDDEN))) : OptionalDouble.empty();
    }

    /** γ-MoD-LLaVA-HR 7B. */
    @Override
    public Set<Size> derivedSizes() {
        return Set.of(Size.HEAD_DIM);
    }

    @Override
    public String exampleConfig() {
        return """
                {
                  "architectures": ["MoDLLaVALlamaForCausalLM"],
                  "model_type": "mod_llava_llama",
                  "hidden_act": "silu",
                  "hidden_size": 4096,
                  "intermediate_size": 11008,
                  "num_hidden_layers": 32,
                  "num_attention_heads": 32,
                  "num_key_value_heads": 32,
                  "max_position_embeddings": 4096,
                  "vocab_size": 32000,
                  "rms_norm_eps": 1e-05,
                  "rope_scaling": null,
                  "mod": {
                    "mod_enable": true,
                    "mod_mode": "arank_mod",
                    "mod_layers_idx": null,
                    "capacity_factor": 0.5,
                    "router_aux_loss_coef": 0.01
                  },
                  "tie_word_embeddings": false,
                  "bos_token_id": 1,
                  "eos_token_id": 2,
                  "torch_dtype": "bfloat16"
                }
                """;
    }
}
