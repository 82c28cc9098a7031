// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.llava;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.frontend.arch.Architecture;
import io.github.depthc.frontend.arch.Decoder;
import io.github.depthc.frontend.arch.DecoderConfig;
import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.frontend.vision.PreprocessorConfig;
import java.util.List;
import java.util.Map;

/** LLaVA-1.5 in HuggingFace's format. */
public final class LlavaArchitecture implements Architecture {
    @Override
    public List<String> modelTypes() {
        return List.of("llava");
    }

    @Override
    public List<String> classNames() {
        return List.of("LlavaForConditionalGeneration");
    }

    @Override
    public Decoder build(DecoderConfig config, Tensors tensors) {
        // the original format had this name before transformers took it
        return HuggingFaceLlava.is(config.json()) ? HuggingFaceLlava.build(config, tensors, modelTypes().getFirst())
                : new LlavaLlamaArchitecture().build(config, tensors);
    }

    @Override
    public ObjectNode sizes(ObjectNode config) {
        return config.withObject(HuggingFaceLlava.TEXT);
    }

    @Override
    public Map<String, String> exampleFiles() {
        return Map.of(PreprocessorConfig.FILE, HuggingFaceLlava.examplePreprocessor("CLIPImageProcessor", ""));
    }

    /** LLaVA-1.5 7B. */
    @Override
    public String exampleConfig() {
        return HuggingFaceLlava.exampleConfig(classNames().getFirst(), modelTypes().getFirst(), "");
    }
}
