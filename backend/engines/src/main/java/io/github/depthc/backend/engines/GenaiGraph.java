// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.engines;

import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.bundle.LayerCache;
import io.github.depthc.backend.onnx.CacheMode;
import io.github.depthc.backend.onnx.OnnxNames;
import io.github.depthc.backend.onnx.proto.AttributeProto;
import io.github.depthc.backend.onnx.proto.GraphProto;
import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.backend.onnx.proto.NodeProto;
import io.github.depthc.backend.onnx.proto.TensorProto;
import io.github.depthc.backend.onnx.proto.TensorProto.DataType;
import io.github.depthc.backend.onnx.proto.TensorShapeProto;
import io.github.depthc.backend.onnx.proto.TypeProto;
import io.github.depthc.backend.onnx.proto.ValueInfoProto;
import io.github.depthc.ir.GraphNames;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A dense decoder's graph with the inputs and outputs that onnxruntime-genai feeds, around the packed ones of the bundle's: one sequence,
 * {@code input_ids i64[1, s]}, {@code attention_mask i64[1, t]} over the tokens so far, each layer's {@code past_key_values.N}, {@code logits f32[1, s,
 * vocab]}, {@code present.N}.
 */
final class GenaiGraph {
    static final String INPUT_IDS = "input_ids";
    static final String ATTENTION_MASK = "attention_mask";
    static final String LOGITS = "logits";

    private static final String PACKED = "packed.";
    /** Names that both graphs have; the bundle's get another one. */
    private static final Map<String, String> RENAMED = Map.of(INPUT_IDS, PACKED + INPUT_IDS, LOGITS, PACKED + LOGITS);

    private final ModelProto bundle;
    private final BundleInfo info;
    private final GraphProto.Builder graph = GraphProto.newBuilder();

    GenaiGraph(ModelProto bundle, BundleInfo info) {
        this.bundle = bundle;
        this.info = info;
    }

    /** The whole model; weights are external data as before. */
    ModelProto model() {
        GraphProto inner = bundle.getGraph();
        graph.setName(inner.getName()).addAllInitializer(inner.getInitializerList()).addAllValueInfo(inner.getValueInfoList());
        graph.addInput(value(INPUT_IDS, DataType.INT64, "1", "sequence_length")).addInput(value(ATTENTION_MASK, DataType.INT64, "1", "total_sequence_length"));
        before();
        inner.getNodeList().forEach(n -> graph.addNode(renamed(n)));
        node("Unsqueeze", LOGITS, PACKED + LOGITS, ints("genai.zero", 0));
        graph.addOutput(value(LOGITS, DataType.FLOAT, "1", "sequence_length", Integer.toString(info.model().vocab())));
        for (int layer = 0; layer < info.caches().size(); layer++) {
            cache(layer, info.caches().get(layer));
        }
        return bundle.toBuilder().setGraph(graph).clearMetadataProps().build();
    }

    /** The packed inputs from the padded ones; all tokens are new, and all logits are wanted. */
    private void before() {
        String zero = ints("genai.zero", 0);
        String one = ints("genai.one", 1);
        node("Reshape", PACKED + INPUT_IDS, INPUT_IDS, ints("genai.flat", -1));
        node("Shape", "genai.ids.shape", INPUT_IDS);
        node("Gather", GraphNames.ROW_LENGTHS, "genai.ids.shape", one);
        node("Shape", "genai.mask.shape", ATTENTION_MASK);
        node("Gather", "genai.total", "genai.mask.shape", one);
        node("Sub", GraphNames.ROW_STARTS, "genai.total", GraphNames.ROW_LENGTHS);
        node("Squeeze", "genai.length", GraphNames.ROW_LENGTHS);
        node("Range", GraphNames.LOGITS_AT, scalar("genai.first", 0), "genai.length", scalar("genai.step", 1));
        node("Add", GraphNames.POSITIONS, GraphNames.LOGITS_AT, GraphNames.ROW_STARTS);
        node("Unsqueeze", "genai.start", GraphNames.ROW_STARTS, zero);
        node("Expand", OnnxNames.CACHE_LENGTHS, "genai.start", ints("genai.layers", info.caches().size(), 1));
    }

    private void cache(int layer, LayerCache cache) {
        String[] past = {"1", Integer.toString(cache.kvHeads()), "past_sequence_length", Integer.toString(cache.headDim())};
        String[] present = {"1", Integer.toString(cache.kvHeads()), "present_sequence_length", Integer.toString(cache.headDim())};
        for (String[] names : List.of(new String[] {OnnxNames.pastKey(layer), OnnxNames.newKey(layer), OnnxNames.presentKey(layer)},
                new String[] {OnnxNames.pastValue(layer), OnnxNames.newValue(layer), OnnxNames.presentValue(layer)})) {
            graph.addInput(value(names[0], DataType.FLOAT, past)).addOutput(value(names[2], DataType.FLOAT, present));
            if (cache.mode() == CacheMode.APPEND) {
                String heads = ints("genai.heads." + layer, -1, cache.kvHeads(), cache.headDim());
                node("Reshape", names[1] + ".heads", names[1], heads);
                graph.addNode(NodeProto.newBuilder().setOpType("Transpose").addInput(names[1] + ".heads").addOutput(names[1] + ".turned")
                        .addAttribute(list("perm", 1, 0, 2)));
                node("Unsqueeze", names[1] + ".row", names[1] + ".turned", ints("genai.zero", 0));
                graph.addNode(NodeProto.newBuilder().setOpType("Concat").addInput(names[0]).addInput(names[1] + ".row").addOutput(names[2])
                        .addAttribute(AttributeProto.newBuilder().setName("axis").setType(AttributeProto.AttributeType.INT).setI(2)));
            }
        }
    }

    private void node(String op, String output, String... inputs) {
        graph.addNode(NodeProto.newBuilder().setOpType(op).addAllInput(List.of(inputs)).addOutput(output));
    }

    /** A constant list, made once. */
    private String ints(String name, long... values) {
        if (graph.getInitializerList().stream().noneMatch(t -> t.getName().equals(name))) {
            TensorProto.Builder tensor = TensorProto.newBuilder().setName(name).setDataType(DataType.INT64.getNumber()).addDims(values.length);
            for (long v : values) {
                tensor.addInt64Data(v);
            }
            graph.addInitializer(tensor);
        }
        return name;
    }

    private String scalar(String name, long value) {
        graph.addInitializer(TensorProto.newBuilder().setName(name).setDataType(DataType.INT64.getNumber()).addInt64Data(value));
        return name;
    }

    private static AttributeProto list(String name, long... values) {
        AttributeProto.Builder attribute = AttributeProto.newBuilder().setName(name).setType(AttributeProto.AttributeType.INTS);
        for (long v : values) {
            attribute.addInts(v);
        }
        return attribute.build();
    }

    /** A node that uses and gives the new names, in its bodies too. */
    private static NodeProto renamed(NodeProto node) {
        NodeProto.Builder b = node.toBuilder().clearInput().clearOutput().clearAttribute();
        node.getInputList().forEach(n -> b.addInput(RENAMED.getOrDefault(n, n)));
        node.getOutputList().forEach(n -> b.addOutput(RENAMED.getOrDefault(n, n)));
        for (AttributeProto a : node.getAttributeList()) {
            b.addAttribute(a.hasG() ? a.toBuilder().setG(renamed(a.getG())).build() : a);
        }
        return b.build();
    }

    private static GraphProto renamed(GraphProto body) {
        var nodes = new ArrayList<NodeProto>();
        body.getNodeList().forEach(n -> nodes.add(renamed(n)));
        return body.toBuilder().clearNode().addAllNode(nodes).build();
    }

    private static ValueInfoProto value(String name, DataType type, String... dims) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (String d : dims) {
            if (Character.isDigit(d.charAt(0))) {
                shape.addDimBuilder().setDimValue(Long.parseLong(d));
            } else {
                shape.addDimBuilder().setDimParam(d);
            }
        }
        return ValueInfoProto.newBuilder().setName(name).setType(TypeProto.newBuilder().setTensorType(
                TypeProto.Tensor.newBuilder().setElemType(type.getNumber()).setShape(shape))).build();
    }
}
