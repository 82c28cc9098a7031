// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.common;

import io.github.depthc.frontend.arch.DecoderConfig;
import io.github.depthc.frontend.arch.common.PreNormBlock.Biases;
import io.github.depthc.ir.ModelInfo;

/** Llama's layer as its configuration describes it; the published Mixture-of-Depths models are built on it. */
public final class LlamaBlocks {
    private LlamaBlocks() {
    }

    /** The layer, the same at every index. */
    public static PreNormBlock of(DecoderConfig config, ModelInfo info) {
        return new PreNormBlock(AttentionStyle.of(RotaryConfig.of(config).spec(info.headDim(), 10_000), info.headDim()),
                Activations.of(config.json(), "hidden_act", "silu"),
                new Biases(config.flag("attention_bias"), config.flag("attention_bias"), config.flag("mlp_bias")));
    }

    /** What stands around the layers. */
    public static DecoderStyle style(DecoderConfig config) {
        return DecoderStyle.of(config.normEpsilon(), config.flag("tie_word_embeddings"));
    }
}
