// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.onnx.proto.AttributeProto;
import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.backend.onnx.proto.NodeProto;
import io.github.depthc.backend.onnx.proto.TensorProto;
import io.github.depthc.backend.onnx.proto.TensorProto.DataType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** The table of what TensorRT's ONNX parser takes, which {@code tensorrt-operators.txt} is, and graphs held against it. */
final class TensorrtOperators {
    private static final Map<String, DataType> TYPES = Map.of("FP32", DataType.FLOAT, "FP16", DataType.FLOAT16, "BF16", DataType.BFLOAT16,
            "INT32", DataType.INT32, "INT64", DataType.INT64, "BOOL", DataType.BOOL, "INT8", DataType.INT8, "INT4", DataType.INT4);

    private final Map<String, Entry> entries = new HashMap<>();

    private record Entry(Set<DataType> types, List<String> rules) {
    }

    TensorrtOperators() throws IOException {
        try (InputStream in = TensorrtOperators.class.getResourceAsStream("/tensorrt-operators.txt")) {
            new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().filter(l -> !l.startsWith("#")).forEach(line -> {
                String[] parts = line.split("\\|", -1);
                entries.put(parts[0].strip(), new Entry(Arrays.stream(parts[1].strip().split(" ")).map(TYPES::get).collect(Collectors.toSet()),
                        Arrays.stream(parts[2].split(";")).map(String::strip).filter(r -> !r.isEmpty()).toList()));
            });
        }
    }

    /** Every operator of a graph is in the table, takes what the table says, and gets inputs of one type where none is converted by itself. */
    void check(Path file) throws IOException {
        ModelProto model = ModelProto.parseFrom(Files.readAllBytes(file));
        var types = new HashMap<String, DataType>();
        model.getGraph().getInputList().forEach(i -> types.put(i.getName(), DataType.forNumber(i.getType().getTensorType().getElemType())));
        Set<String> initializers = model.getGraph().getInitializerList().stream().map(TensorProto::getName).collect(Collectors.toSet());
        model.getGraph().getInitializerList().forEach(i -> types.put(i.getName(), DataType.forNumber(i.getDataType())));
        for (NodeProto node : model.getGraph().getNodeList()) {
            check(node, types, initializers, file.getFileName() + ": " + node.getName());
        }
        model.getGraph().getOutputList().forEach(o -> assertEquals(DataType.forNumber(o.getType().getTensorType().getElemType()), types.get(o.getName()), o.getName()));
    }

    private void check(NodeProto node, Map<String, DataType> types, Set<String> initializers, String where) {
        assertEquals("", node.getDomain(), where);
        Entry entry = entries.get(node.getOpType());
        assertNotNull(entry, where + " is not in the table");
        DataType data = types.get(node.getInput(node.getOpType().equals("Where") ? 1 : 0));
        assertTrue(entry.types().contains(data), where + " of " + data);
        boolean mixed = false;
        for (String rule : entry.rules()) {
            String[] words = rule.split("[ =]");
            switch (words[0]) {
                case "constant" -> assertTrue(initializers.contains(node.getInput(Integer.parseInt(words[1]))), where + ", " + rule);
                case "without" -> assertTrue(node.getAttributeList().stream().noneMatch(a -> a.getName().equals(words[1])), where + ", " + rule);
                case "with" -> assertEquals(Long.parseLong(words[2]), attribute(node, words[1], where), where + ", " + rule);
                case "inputs" -> assertTrue(node.getInputCount() <= Integer.parseInt(words[1]), where + ", " + rule);
                case "mixed" -> mixed = true;
                default -> throw new IllegalArgumentException(rule);
            }
        }
        if (!mixed) {
            node.getInputList().forEach(i -> assertEquals(data, types.get(i), where + ", input " + i));
        }
        results(node, data, types, where);
    }

    private static void results(NodeProto node, DataType data, Map<String, DataType> types, String where) {
        DataType first = switch (node.getOpType()) {
            case "Cast" -> DataType.forNumber((int) attribute(node, "to", where));
            case "DequantizeLinear" -> types.get(node.getInput(1));
            case "Shape" -> DataType.INT64;
            case "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "IsNaN" -> DataType.BOOL;
            default -> data;
        };
        types.put(node.getOutput(0), first);
        if (node.getOpType().equals("TopK")) {
            types.put(node.getOutput(1), DataType.INT64);
        }
    }

    private static long attribute(NodeProto node, String name, String where) {
        return node.getAttributeList().stream().filter(a -> a.getName().equals(name)).mapToLong(AttributeProto::getI).findFirst()
                .orElseThrow(() -> new AssertionError(where + " has no attribute " + name));
    }
}
