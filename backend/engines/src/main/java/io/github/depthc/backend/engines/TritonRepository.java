// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.engines;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.bundle.LayerCache;
import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.backend.onnx.proto.TensorProto.DataType;
import io.github.depthc.backend.onnx.proto.TensorShapeProto.Dimension;
import io.github.depthc.backend.onnx.proto.ValueInfoProto;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * A model repository of the Triton Inference Server: the decoder on its ONNX Runtime backend, one sequence in a call, with every layer's cache as
 * input and output, and a client that drives prompt and steps. Beside it stand the client and the tokenizer's files.
 *
 * <p>The configuration follows Triton's {@code model_config.proto} (message {@code ModelConfig}). {@code max_batch_size} is 0: the graph packs tokens
 * itself, so no dimension is Triton's to batch.
 */
public final class TritonRepository {
    private static final String MODELS = "models";

    private TritonRepository() {
    }

    /**
     * What the folder has.
     *
     * @param tokenizer files for whoever encodes texts; they go beside the client
     * @throws InputException for an encoder, or a graph that takes embeddings
     */
    public static EngineExport of(Bundle bundle, List<Path> tokenizer) throws IOException {
        ModelProto graph = GraphFile.read(bundle);
        BundleInfo info = bundle.info();
        if (bundle.component(Bundle.DECODER).inputs() == BundleInfo.Inputs.EMBEDDINGS) {
            throw new InputException(bundle.folder() + ": its decoder takes embeddings, expected one that takes token ids");
        }
        String name = name(info.model().name());
        String version = MODELS + "/" + name + "/1/";
        var copied = new ArrayList<>(EngineExport.weights(bundle, version));
        copied.add(new EngineExport.Copied(bundle.file(bundle.component(Bundle.DECODER).file()), version + "model.onnx"));
        tokenizer.forEach(f -> copied.add(new EngineExport.Copied(f, f.getFileName().toString())));
        return new EngineExport(List.of(EngineExport.Made.text(MODELS + "/" + name + "/config.pbtxt", config(name, graph)),
                EngineExport.Made.json("client.json", facts(name, graph, info)), new EngineExport.Made("client.py", resource("client.py")),
                new EngineExport.Made("README.md", resource("triton-readme.md"))), copied);
    }

    /** A name for folders and requests. */
    static String name(String model) {
        String plain = model.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_.-]+", "-").replaceAll("^[^a-z0-9]+|[^a-z0-9]+$", "");
        return plain.isEmpty() ? "model" : plain;
    }

    private static String config(String name, ModelProto graph) {
        var text = new StringBuilder();
        text.append("name: \"").append(name).append("\"\n").append("backend: \"onnxruntime\"\n").append("max_batch_size: 0\n");
        graph.getGraph().getInputList().forEach(v -> tensor(text, "input", v));
        graph.getGraph().getOutputList().forEach(v -> tensor(text, "output", v));
        text.append("version_policy { latest { num_versions: 1 } }\n");
        return text.toString();
    }

    private static void tensor(StringBuilder text, String field, ValueInfoProto value) {
        String dims = value.getType().getTensorType().getShape().getDimList().stream()
                .map(d -> d.getValueCase() == Dimension.ValueCase.DIM_VALUE ? Long.toString(d.getDimValue()) : "-1").collect(Collectors.joining(", "));
        text.append(field).append(" { name: \"").append(value.getName()).append("\" data_type: ").append(type(value)).append(" dims: [ ").append(dims).append(" ] }\n");
    }

    private static String type(ValueInfoProto value) {
        return switch (DataType.forNumber(value.getType().getTensorType().getElemType())) {
            case INT64 -> "TYPE_INT64";
            case FLOAT -> "TYPE_FP32";
            case BOOL -> "TYPE_BOOL";
            case DataType other -> throw new InputException("the graph's " + value.getName() + " has elements of " + other + ", expected INT64, FLOAT or BOOL");
        };
    }

    /** What the client needs to know. */
    private static ObjectNode facts(String name, ModelProto graph, BundleInfo info) {
        ObjectNode facts = JsonNodeFactory.instance.objectNode().put("model", name).put("context", info.model().context())
                .put("candidates", info.candidates().name().toLowerCase(Locale.ROOT)).put("decode", info.decode().name().toLowerCase(Locale.ROOT));
        info.tokens().eos().forEach(facts.putArray("eos")::add);
        graph.getGraph().getInputList().forEach(v -> facts.withArray("inputs").add(v.getName()));
        graph.getGraph().getOutputList().forEach(v -> facts.withArray("outputs").add(v.getName()));
        for (LayerCache c : info.caches()) {
            facts.withArray("caches").addObject().put("mode", c.mode().name().toLowerCase(Locale.ROOT)).put("kv_heads", c.kvHeads()).put("head_dim", c.headDim())
                    .put("indexed", c.indexed());
        }
        return facts;
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = TritonRepository.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        }
    }
}
