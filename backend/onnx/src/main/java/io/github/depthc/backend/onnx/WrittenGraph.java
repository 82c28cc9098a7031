// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.backend.onnx.proto.NodeProto;
import io.github.depthc.backend.onnx.proto.StringStringEntryProto;
import io.github.depthc.backend.onnx.proto.TensorProto;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a graph that was written has in it.
 *
 * @param weights   the initializers that are external data, where {@link WeightPlacement} put them, by name, in the order of their first use
 * @param operators how many there are of each operator, by name
 */
public record WrittenGraph(SequencedMap<String, External> weights, SortedMap<String, Long> operators) {
    public WrittenGraph {
        weights = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(weights));
        operators = Collections.unmodifiableSortedMap(new TreeMap<>(operators));
    }

    /**
     * One initializer that is external data.
     *
     * @param type     element type and fixed shape, as stored; integers of 4 bits are bytes of two
     * @param elements how many there are
     * @param placed   where its bytes are; the length is that of the type
     */
    public record External(TensorType type, long elements, WeightPlacement.Placed placed) {
    }

    /**
     * Reads a graph, without its weights' bytes.
     *
     * @throws InputException when the file is no ONNX graph, or a weight in it has no proper type, shape or place
     */
    public static WrittenGraph read(Path graph) throws IOException {
        try (InputStream in = Files.newInputStream(graph)) {
            return of(ModelProto.parseFrom(CodedInputStream.newInstance(in)), graph);
        } catch (InvalidProtocolBufferException e) {
            throw new InputException(graph + ": is no ONNX graph; convert the model again", e);
        }
    }

    /** As {@link #read}, of a graph that is not written yet; {@code file} stands in messages. */
    public static WrittenGraph of(ModelProto model, Path file) {
        var weights = new LinkedHashMap<String, External>();
        for (TensorProto tensor : model.getGraph().getInitializerList()) {
            if (tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
                weights.put(tensor.getName(), external(tensor, file));
            }
        }
        return new WrittenGraph(weights, model.getGraph().getNodeList().stream()
                .collect(Collectors.groupingBy(NodeProto::getOpType, TreeMap::new, Collectors.counting())));
    }

    private static External external(TensorProto tensor, Path graph) {
        Map<String, String> data = tensor.getExternalDataList().stream()
                .collect(Collectors.toMap(StringStringEntryProto::getKey, StringStringEntryProto::getValue, (a, b) -> b));
        try {
            boolean half = tensor.getDataType() == TensorProto.DataType.INT4.getNumber();
            DType dtype = half ? DType.I8 : OnnxTypes.dtype(tensor.getDataType());
            long elements = 1;
            long[] shape = tensor.getDimsList().stream().mapToLong(Long::longValue).toArray();
            for (long d : shape) {
                elements = Math.multiplyExact(elements, d);
            }
            if (half && (shape.length == 0 || shape[shape.length - 1] % 2 != 0)) {
                throw new IllegalArgumentException();
            }
            if (half) {
                shape[shape.length - 1] /= 2;
            }
            long bytes = half ? elements / 2 : Math.multiplyExact(elements, dtype.bytes());
            long offset = Long.parseLong(data.get("offset"));
            if (bytes != Long.parseLong(data.get("length")) || offset < 0 || bytes < 0) {
                throw new IllegalArgumentException();
            }
            return new External(TensorType.fixed(dtype, shape), elements, new WeightPlacement.Placed(data.get("location"), offset, bytes, dtype));
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new InputException(graph + ": the weight \"" + tensor.getName() + "\" has no proper type, shape or place; convert the model again", e);
        }
    }
}
