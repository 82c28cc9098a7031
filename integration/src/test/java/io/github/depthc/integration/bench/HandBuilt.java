// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import com.google.protobuf.ByteString;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.onnx.OnnxNames;
import io.github.depthc.backend.onnx.proto.AttributeProto;
import io.github.depthc.backend.onnx.proto.GraphProto;
import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.backend.onnx.proto.NodeProto;
import io.github.depthc.backend.onnx.proto.OperatorSetIdProto;
import io.github.depthc.backend.onnx.proto.TensorProto;
import io.github.depthc.backend.onnx.proto.TensorShapeProto;
import io.github.depthc.backend.onnx.proto.TypeProto;
import io.github.depthc.backend.onnx.proto.ValueInfoProto;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.ModelInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A dense Llama decoder for one sequence, written node by node from the operators that are fastest on ONNX Runtime's CPU:
 * Gemm on the weights as they lie, GroupQueryAttention on caches in place, SkipSimplifiedLayerNormalization for every
 * residual addition. It reads the weights of a bundle.
 */
final class HandBuilt {
    private static final String MICROSOFT = "com.microsoft";
    private static final double THETA = 10_000;
    private static final float EPSILON = 1e-5f;

    private final ModelInfo model;
    private final GraphProto.Builder graph = GraphProto.newBuilder().setName("hand");
    private final Map<String, TensorProto> weights = new HashMap<>();
    private final String prefix;
    private final boolean rotaryInside;
    private int names;

    private HandBuilt(Bundle bundle, Path folder, boolean rotaryInside) throws IOException {
        this.model = bundle.info().model();
        this.rotaryInside = rotaryInside;
        this.prefix = folder.toAbsolutePath().relativize(bundle.folder().toAbsolutePath()) + "/";
        Path file = bundle.file(bundle.component(Bundle.DECODER).file());
        ModelProto.parseFrom(Files.readAllBytes(file)).getGraph().getInitializerList().forEach(t -> weights.put(t.getName(), t));
    }

    /**
     * Writes the graph.
     *
     * @param bundle       a Llama model with source weights, in a folder below the graph's
     * @param file         to write
     * @param rotaryInside whether the attention kernel rotates queries and keys, which needs positions without gaps
     */
    static Path write(Bundle bundle, Path file, boolean rotaryInside) throws IOException {
        var hand = new HandBuilt(bundle, file.toAbsolutePath().getParent(), rotaryInside);
        Files.write(file, hand.build().toByteArray());
        return file;
    }

    private ModelProto build() {
        int hd = model.headDim();
        input(GraphNames.TOKEN_IDS, TensorProto.DataType.INT64, "n");
        if (!rotaryInside) {
            input(GraphNames.POSITIONS, TensorProto.DataType.INT64, "n");
        }
        input(GraphNames.ROW_LENGTHS, TensorProto.DataType.INT64, 1);
        input(GraphNames.ROW_STARTS, TensorProto.DataType.INT64, 1);
        input(GraphNames.LOGITS_AT, TensorProto.DataType.INT64, "m");

        String first = longs("axis0", 0);
        String total = op("Add", GraphNames.ROW_STARTS, GraphNames.ROW_LENGTHS);
        String last = with(node("Cast", op("Sub", total, longs("one", 1))), "to", TensorProto.DataType.INT32_VALUE);
        String whole = with(node("Cast", op("Squeeze", total, first)), "to", TensorProto.DataType.INT32_VALUE);
        String cosTable = table("cos_table", hd, Math::cos);
        String sinTable = table("sin_table", hd, Math::sin);
        String cos = rotaryInside ? cosTable : op("Unsqueeze", op("Gather", cosTable, GraphNames.POSITIONS), first);
        String sin = rotaryInside ? sinTable : op("Unsqueeze", op("Gather", sinTable, GraphNames.POSITIONS), first);

        String x = op("Gather", weight("model.embed_tokens.weight"), GraphNames.TOKEN_IDS);
        String normed = with(node("RMSNormalization", x, weight("model.layers.0.input_layernorm.weight")), "epsilon", EPSILON);
        for (int l = 0; l < model.layers(); l++) {
            String layer = "model.layers." + l + ".";
            String q = op("Unsqueeze", gemm(normed, layer + "self_attn.q_proj.weight"), first);
            String k = op("Unsqueeze", gemm(normed, layer + "self_attn.k_proj.weight"), first);
            String v = op("Unsqueeze", gemm(normed, layer + "self_attn.v_proj.weight"), first);
            if (!rotaryInside) {
                q = with(node("RotaryEmbedding", q, cos, sin), "num_heads", model.heads());
                k = with(node("RotaryEmbedding", k, cos, sin), "num_heads", model.kvHeads());
            }
            String o = op("Squeeze", attention(l, q, k, v, last, whole, cos, sin), first);
            String branch = gemm(o, layer + "self_attn.o_proj.weight");
            String[] middle = skipNorm(x, branch, layer + "post_attention_layernorm.weight");
            String gate = gemm(middle[0], layer + "mlp.gate_proj.weight");
            String silu = op("Mul", gate, op("Sigmoid", gate));
            String mlp = gemm(op("Mul", silu, gemm(middle[0], layer + "mlp.up_proj.weight")), layer + "mlp.down_proj.weight");
            String[] end = skipNorm(middle[1], mlp, l + 1 < model.layers() ? "model.layers." + (l + 1) + ".input_layernorm.weight" : "model.norm.weight");
            normed = end[0];
            x = end[1];
        }
        NodeProto.Builder head = node("Gemm", op("Gather", normed, GraphNames.LOGITS_AT), weight(weights.containsKey("lm_head.weight") ? "lm_head.weight" : "model.embed_tokens.weight")).addOutput(GraphNames.LOGITS)
                .addAttribute(attribute("transB", 1));
        graph.addNode(head);
        graph.addOutput(info(GraphNames.LOGITS, TensorProto.DataType.FLOAT, "m", model.vocab()));
        return ModelProto.newBuilder().setIrVersion(10).addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(23))
                .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain(MICROSOFT).setVersion(1)).setGraph(graph).build();
    }

    private String attention(int l, String q, String k, String v, String last, String whole, String cos, String sin) {
        for (String past : List.of(OnnxNames.pastKey(l), OnnxNames.pastValue(l))) {
            input(past, TensorProto.DataType.FLOAT, 1, model.kvHeads(), "capacity", model.headDim());
        }
        for (String present : List.of(OnnxNames.presentKey(l), OnnxNames.presentValue(l))) {
            graph.addOutput(info(present, TensorProto.DataType.FLOAT, 1, model.kvHeads(), "capacity", model.headDim()));
        }
        String out = "attention." + l;
        NodeProto.Builder node = node("GroupQueryAttention", q, k, v, OnnxNames.pastKey(l), OnnxNames.pastValue(l), last, whole).setDomain(MICROSOFT)
                .addOutput(out).addOutput(OnnxNames.presentKey(l)).addOutput(OnnxNames.presentValue(l))
                .addAttribute(attribute("num_heads", model.heads())).addAttribute(attribute("kv_num_heads", model.kvHeads()));
        if (rotaryInside) {
            node.addInput(cos).addInput(sin).addAttribute(attribute("do_rotary", 1));
        }
        graph.addNode(node);
        return out;
    }

    private String[] skipNorm(String x, String branch, String norm) {
        String[] outputs = {"normed." + names, "sum." + names++};
        graph.addNode(node("SkipSimplifiedLayerNormalization", x, branch, weight(norm)).setDomain(MICROSOFT)
                .addAllOutput(List.of(outputs[0], "", "", outputs[1])).addAttribute(AttributeProto.newBuilder().setName("epsilon")
                        .setType(AttributeProto.AttributeType.FLOAT).setF(EPSILON)));
        return outputs;
    }

    private String gemm(String x, String weight) {
        return with(node("Gemm", x, weight(weight)), "transB", 1);
    }

    private String weight(String name) {
        if (graph.getInitializerList().stream().noneMatch(t -> t.getName().equals(name))) {
            TensorProto.Builder t = weights.get(name).toBuilder();
            t.getExternalDataBuilderList().stream().filter(e -> e.getKey().equals("location")).forEach(e -> e.setValue(prefix + e.getValue()));
            graph.addInitializer(t);
        }
        return name;
    }

    private String longs(String name, long... values) {
        graph.addInitializer(TensorProto.newBuilder().setName(name).setDataType(TensorProto.DataType.INT64_VALUE).addDims(values.length)
                .addAllInt64Data(Arrays.stream(values).boxed().toList()));
        return name;
    }

    private String table(String name, int headDim, java.util.function.DoubleUnaryOperator function) {
        ByteBuffer data = ByteBuffer.allocate(model.context() * headDim / 2 * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int p = 0; p < model.context(); p++) {
            for (int i = 0; i < headDim / 2; i++) {
                data.putFloat((float) function.applyAsDouble(p * Math.pow(THETA, -2.0 * i / headDim)));
            }
        }
        graph.addInitializer(TensorProto.newBuilder().setName(name).setDataType(TensorProto.DataType.FLOAT_VALUE).addDims(model.context())
                .addDims(headDim / 2).setRawData(ByteString.copyFrom(data.array())));
        return name;
    }

    /** Every node has a name, so that the profile can tell it from others. */
    private NodeProto.Builder node(String type, String... inputs) {
        return NodeProto.newBuilder().setName(type + "/" + names++).setOpType(type).addAllInput(List.of(inputs));
    }

    private String op(String type, String... inputs) {
        return add(node(type, inputs));
    }

    private String with(NodeProto.Builder node, String attribute, long value) {
        return add(node.addAttribute(attribute(attribute, value)));
    }

    private String with(NodeProto.Builder node, String attribute, float value) {
        return add(node.addAttribute(AttributeProto.newBuilder().setName(attribute).setType(AttributeProto.AttributeType.FLOAT).setF(value)));
    }

    private String add(NodeProto.Builder node) {
        String name = node.getOpType() + "." + names++;
        graph.addNode(node.addOutput(name));
        return name;
    }

    private static AttributeProto attribute(String name, long value) {
        return AttributeProto.newBuilder().setName(name).setType(AttributeProto.AttributeType.INT).setI(value).build();
    }

    private void input(String name, TensorProto.DataType type, Object... shape) {
        graph.addInput(info(name, type, shape));
    }

    private static ValueInfoProto info(String name, TensorProto.DataType type, Object... shape) {
        var dims = TensorShapeProto.newBuilder();
        for (Object d : shape) {
            dims.addDim(d instanceof Integer n ? TensorShapeProto.Dimension.newBuilder().setDimValue(n)
                    : TensorShapeProto.Dimension.newBuilder().setDimParam((String) d));
        }
        return ValueInfoProto.newBuilder().setName(name).setType(TypeProto.newBuilder().setTensorType(
                TypeProto.Tensor.newBuilder().setElemType(type.getNumber()).setShape(dims))).build();
    }
}
