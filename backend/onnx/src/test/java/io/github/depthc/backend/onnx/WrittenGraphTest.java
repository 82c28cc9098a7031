// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.onnx.proto.GraphProto;
import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.backend.onnx.proto.StringStringEntryProto;
import io.github.depthc.backend.onnx.proto.TensorProto;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Integers of 4 bits in graphs that are read back. */
class WrittenGraphTest {
    private static WrittenGraph.External read(long bytes, long... dims) {
        var tensor = TensorProto.newBuilder().setName("w").setDataType(TensorProto.DataType.INT4_VALUE).setDataLocation(TensorProto.DataLocation.EXTERNAL);
        for (long d : dims) {
            tensor.addDims(d);
        }
        Map.of("location", "weights.bin", "offset", "64", "length", Long.toString(bytes))
                .forEach((key, value) -> tensor.addExternalData(StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
        return WrittenGraph.of(ModelProto.newBuilder().setGraph(GraphProto.newBuilder().addInitializer(tensor)).build(), Path.of("graph.onnx")).weights().get("w");
    }

    @Test
    void twoAreAByte() {
        WrittenGraph.External weight = read(32, 2, 32);
        assertEquals(TensorType.fixed(DType.I8, 2, 16), weight.type());
        assertEquals(64, weight.elements());
        assertEquals(new WeightPlacement.Placed("weights.bin", 64, 32, DType.I8), weight.placed());
    }

    @Test
    void whatHasNoSuchBytesIsRefused() {
        for (long[] dims : new long[][] {{2, 31}, {4, 32}, {1, 32}, {}, {-2, -32}, {1L << 62, 4}}) {
            String message = assertThrows(InputException.class, () -> read(32, dims)).getMessage();
            assertTrue(message.startsWith("graph.onnx: the weight \"w\" has no proper type, shape or place"), message);
        }
    }
}
