// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.engines;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.bundle.LayerPlan;
import io.github.depthc.backend.onnx.CacheMode;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.ModelInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A folder that onnxruntime-genai loads: its {@code genai_config.json}, the decoder with the inputs and outputs that it feeds (see
 * {@link GenaiGraph}), weights and tokenizer. It holds one cache length for all layers, so what it can carry is a dense model.
 */
public final class GenaiFolder {
    /** HuggingFace's model types and genai's names for them. */
    private static final Map<String, String> TYPES = Map.of("llama", "llama", "mistral", "mistral", "qwen2", "qwen2", "qwen3", "qwen3", "phi3", "phi3",
            "gemma2", "gemma2", "gemma3_text", "gemma3_text");

    private GenaiFolder() {
    }

    /**
     * What the folder has.
     *
     * @param tokenizer the tokenizer's files
     * @throws InputException for what genai cannot run, by name: routed layers, an encoder, caches of two kinds, an architecture it does not know
     */
    public static EngineExport of(Bundle bundle, List<Path> tokenizer) throws IOException {
        BundleInfo info = bundle.info();
        String where = bundle.folder() + ": ";
        if (bundle.component(Bundle.DECODER).inputs() == BundleInfo.Inputs.EMBEDDINGS) {
            throw new InputException(where + "its decoder takes embeddings, of images too, expected one that takes token ids");
        }
        List<Integer> routed = info.layers().stream().filter(l -> l.routing().isPresent()).map(LayerPlan::layer).toList();
        if (!routed.isEmpty()) {
            throw new InputException(where + "onnxruntime-genai holds one length for the caches of all layers, and cannot skip tokens: layers " + routed
                    + " are Mixture-of-Depths. Convert with --layers none for it, or serve this bundle with depthc deploy or export --format triton");
        }
        String type = TYPES.get(info.model().architecture());
        if (type == null) {
            throw new InputException(where + "onnxruntime-genai is given models of the types " + String.join(", ", TYPES.keySet().stream().sorted().toList()) + "; this one is "
                    + info.model().architecture());
        }
        List<CacheMode> modes = info.caches().stream().map(c -> c.mode()).distinct().toList();
        if (modes.size() != 1) {
            throw new InputException(where + "some layers write their caches in place and some do not, which onnxruntime-genai cannot mix; convert with --portable");
        }
        var graph = new GenaiGraph(GraphFile.read(bundle), info);
        var copied = new ArrayList<>(EngineExport.weights(bundle, ""));
        tokenizer.forEach(f -> copied.add(new EngineExport.Copied(f, f.getFileName().toString())));
        return new EngineExport(List.of(new EngineExport.Made("model.onnx", graph.model().toByteArray()),
                EngineExport.Made.json("genai_config.json", config(info, type, modes.getFirst() == CacheMode.IN_PLACE))), copied);
    }

    private static ObjectNode config(BundleInfo info, String type, boolean shared) {
        ModelInfo m = info.model();
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        ObjectNode model = root.putObject("model").put("type", type).put("context_length", m.context()).put("vocab_size", m.vocab());
        info.tokens().bos().ifPresent(bos -> model.put("bos_token_id", bos));
        info.tokens().eos().forEach(model.putArray("eos_token_id")::add);
        model.put("pad_token_id", info.tokens().eos().isEmpty() ? 0 : info.tokens().eos().getFirst());
        ObjectNode decoder = model.putObject("decoder").put("filename", "model.onnx").put("hidden_size", m.hidden()).put("head_size", m.headDim())
                .put("num_attention_heads", m.heads()).put("num_key_value_heads", m.kvHeads()).put("num_hidden_layers", m.layers());
        decoder.putObject("session_options").put("log_id", "onnxruntime-genai").putArray("provider_options");
        decoder.putObject("inputs").put("input_ids", GenaiGraph.INPUT_IDS).put("attention_mask", GenaiGraph.ATTENTION_MASK)
                .put("past_key_names", "past_key_values.%d.key").put("past_value_names", "past_key_values.%d.value");
        decoder.putObject("outputs").put("logits", GenaiGraph.LOGITS).put("present_key_names", "present.%d.key").put("present_value_names", "present.%d.value");
        root.putObject("search").put("max_length", m.context()).put("do_sample", false).put("num_beams", 1).put("past_present_share_buffer", shared);
        return root;
    }
}
