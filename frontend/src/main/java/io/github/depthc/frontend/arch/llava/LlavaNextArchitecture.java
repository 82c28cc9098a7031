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

/** LLaVA-NeXT (LLaVA-1.6) in HuggingFace's format: images in several pieces, by their size. */
public final class LlavaNextArchitecture implements Architecture {
    /** Sizes that an image may be brought to, as pieces of 336. */
    private static final String PINPOINTS = """
            "image_grid_pinpoints": [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]],""";

    @Override
    public List<String> modelTypes() {
        return List.of("llava_next");
    }

    @Override
    public List<String> classNames() {
        return List.of("LlavaNextForConditionalGeneration");
    }

    @Override
    public Decoder build(DecoderConfig config, Tensors tensors) {
        return HuggingFaceLlava.build(config, tensors, modelTypes().getFirst());
    }

    @Override
    public ObjectNode sizes(ObjectNode config) {
        return config.withObject(HuggingFaceLlava.TEXT);
    }

    @Override
    public Map<String, String> exampleFiles() {
        return Map.of(PreprocessorConfig.FILE, HuggingFaceLlava.examplePreprocessor("LlavaNextImageProcessor", PINPOINTS));
    }

    /** LLaVA-NeXT 7B on Vicuna. */
    @Override
    public String exampleConfig() {
        return HuggingFaceLlava.exampleConfig(classNames().getFirst(), modelTypes().getFirst(), PINPOINTS);
    }
}
