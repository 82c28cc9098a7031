// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import com.google.protobuf.ByteString;
import io.github.depthc.backend.onnx.proto.AttributeProto;
import io.github.depthc.backend.onnx.proto.GraphProto;
import io.github.depthc.backend.onnx.proto.NodeProto;
import io.github.depthc.backend.onnx.proto.TensorProto;
import io.github.depthc.backend.onnx.proto.TensorProto.DataType;
import io.github.depthc.backend.onnx.proto.ValueInfoProto;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Collects the nodes of an ONNX graph. A branch of an {@code If} has a writer of its own that shares the names, constants
 * and initializers of the whole model, so that every weight and constant stands outside the branches.
 */
final class GraphWriter {
    /** Domain of ONNX Runtime's own operators. */
    static final String MICROSOFT = "com.microsoft";

    /** What all graphs of a model have in common. */
    private static final class Model {
        final Set<String> names = new HashSet<>();
        final Map<String, Integer> suffixes = new HashMap<>();
        final Map<TensorProto, String> constants = new HashMap<>();
        final List<TensorProto> initializers = new ArrayList<>();
        boolean microsoft;
    }

    private final Model model;
    private final List<NodeProto> nodes = new ArrayList<>();

    GraphWriter() {
        this(new Model());
    }

    private GraphWriter(Model model) {
        this.model = model;
    }

    /** A writer for a branch: its nodes see all names of this graph. */
    GraphWriter branch() {
        return new GraphWriter(model);
    }

    /** Takes a name that must stand exactly so, such as that of an input. */
    String reserve(String name) {
        if (!model.names.add(name)) {
            throw new IllegalStateException("the name " + name + " is taken");
        }
        return name;
    }

    /** A name like the hint that nothing else has. */
    String unique(String hint) {
        String name = hint;
        while (!model.names.add(name)) {
            name = hint + "__" + model.suffixes.merge(hint, 1, Integer::sum);
        }
        return name;
    }

    /** Adds an initializer whose name has been taken. */
    void initializer(TensorProto tensor) {
        model.initializers.add(tensor);
    }

    /** True once an operator of {@link #MICROSOFT} has been used. */
    boolean usesMicrosoft() {
        return model.microsoft;
    }

    /** An I64 scalar. */
    String i64(long value) {
        return constant("i", longs(DataType.INT64).setRawData(bytes(value)));
    }

    /** An I64 vector. */
    String i64s(long... values) {
        return constant("iv", longs(DataType.INT64, values.length).setRawData(bytes(values)));
    }

    /** An F32 scalar. */
    String f32(double value) {
        return constant("f", longs(DataType.FLOAT).setRawData(bytes(new float[] {(float) value})));
    }

    /** An F32 tensor. */
    String f32s(float[] values, long... shape) {
        return constant("fv", longs(DataType.FLOAT, shape).setRawData(bytes(values)));
    }

    private static TensorProto.Builder longs(DataType type, long... shape) {
        TensorProto.Builder b = TensorProto.newBuilder().setDataType(type.getNumber());
        for (long d : shape) {
            b.addDims(d);
        }
        return b;
    }

    private String constant(String hint, TensorProto.Builder tensor) {
        return model.constants.computeIfAbsent(tensor.build(), t -> {
            String name = unique("const." + hint);
            model.initializers.add(t.toBuilder().setName(name).build());
            return name;
        });
    }

    private static ByteString bytes(long... values) {
        ByteBuffer b = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        b.asLongBuffer().put(values);
        return ByteString.copyFrom(b);
    }

    private static ByteString bytes(float[] values) {
        ByteBuffer b = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        b.asFloatBuffer().put(values);
        return ByteString.copyFrom(b);
    }

    /** A node of the standard operators; "" stands for an input that is left out. */
    Call op(String type, String... inputs) {
        return new Call("", type, inputs);
    }

    /** A node of {@link #MICROSOFT}. */
    Call microsoft(String type, String... inputs) {
        model.microsoft = true;
        return new Call(MICROSOFT, type, inputs);
    }

    /** The graph of a branch: no inputs, these outputs. */
    GraphProto branchGraph(String name, ValueInfoProto... outputs) {
        return GraphProto.newBuilder().setName(name).addAllNode(nodes).addAllOutput(Arrays.asList(outputs)).build();
    }

    /** The whole model's graph. */
    GraphProto graph(String name, List<ValueInfoProto> inputs, List<ValueInfoProto> outputs) {
        return GraphProto.newBuilder().setName(name).addAllNode(nodes).addAllInitializer(model.initializers)
                .addAllInput(inputs).addAllOutput(outputs).build();
    }

    // Shorthands for what every family of ops needs.

    String add(String a, String b) {
        return op("Add", a, b).to("add");
    }

    String sub(String a, String b) {
        return op("Sub", a, b).to("sub");
    }

    String mul(String a, String b) {
        return op("Mul", a, b).to("mul");
    }

    String gather(String data, String indices, int axis) {
        return op("Gather", data, indices).with("axis", axis).to("gather");
    }

    String unsqueeze(String x, long... axes) {
        return op("Unsqueeze", x, i64s(axes)).to("unsqueeze");
    }

    String squeeze(String x, long... axes) {
        return op("Squeeze", x, i64s(axes)).to("squeeze");
    }

    String reshape(String x, long... shape) {
        return op("Reshape", x, i64s(shape)).to("reshape");
    }

    String transpose(String x, long... perm) {
        return op("Transpose", x).with("perm", perm).to("transpose");
    }

    String cast(String x, DataType to) {
        return op("Cast", x).with("to", to.getNumber()).to("cast");
    }

    String where(String condition, String yes, String no) {
        return op("Where", condition, yes, no).to("where");
    }

    /** {@code reduce} over axes that go away. */
    String reduce(String reduce, String x, long... axes) {
        return op(reduce, x, i64s(axes)).with("keepdims", 0).to("reduce");
    }

    /** I64 {@code [0, …, n − 1]} for an I64 {@code n [1]}. */
    String range(String n) {
        return op("Range", i64(0), squeeze(n, 0), i64(1)).to("range");
    }

    /** Size of one dimension, I64 {@code [1]}. */
    String size(String x, int axis) {
        return op("Shape", x).with("start", axis).with("end", axis + 1).to("size");
    }

    /** One operator on its way into the graph. */
    final class Call {
        private final NodeProto.Builder node = NodeProto.newBuilder();

        private Call(String domain, String type, String... inputs) {
            node.setDomain(domain).setOpType(type).addAllInput(Arrays.asList(inputs));
        }

        Call with(String name, long value) {
            node.addAttribute(attribute(name, AttributeProto.AttributeType.INT).setI(value));
            return this;
        }

        Call with(String name, long[] values) {
            AttributeProto.Builder a = attribute(name, AttributeProto.AttributeType.INTS);
            for (long v : values) {
                a.addInts(v);
            }
            node.addAttribute(a);
            return this;
        }

        Call with(String name, float value) {
            node.addAttribute(attribute(name, AttributeProto.AttributeType.FLOAT).setF(value));
            return this;
        }

        Call with(String name, String value) {
            node.addAttribute(attribute(name, AttributeProto.AttributeType.STRING).setS(ByteString.copyFromUtf8(value)));
            return this;
        }

        Call with(String name, TensorProto value) {
            node.addAttribute(attribute(name, AttributeProto.AttributeType.TENSOR).setT(value));
            return this;
        }

        Call with(String name, GraphProto value) {
            node.addAttribute(attribute(name, AttributeProto.AttributeType.GRAPH).setG(value));
            return this;
        }

        private static AttributeProto.Builder attribute(String name, AttributeProto.AttributeType type) {
            return AttributeProto.newBuilder().setName(name).setType(type);
        }

        /** Adds the node; its one output gets a name like the hint. */
        String to(String hint) {
            String name = unique(hint);
            outputs(name);
            return name;
        }

        /** Adds the node with outputs whose names have been taken; "" leaves one out. */
        void outputs(String... names) {
            String first = Arrays.stream(names).filter(n -> !n.isEmpty()).findFirst().orElseThrow();
            nodes.add(node.setName(first + "/" + node.getOpType()).addAllOutput(Arrays.asList(names)).build());
        }
    }
}
