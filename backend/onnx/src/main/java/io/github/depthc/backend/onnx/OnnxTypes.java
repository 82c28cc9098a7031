// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.backend.onnx.proto.TensorProto.DataType;
import io.github.depthc.backend.onnx.proto.TensorShapeProto;
import io.github.depthc.backend.onnx.proto.TypeProto;
import io.github.depthc.backend.onnx.proto.ValueInfoProto;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import java.util.Arrays;
import java.util.List;

/** The IR's element types and dimensions in ONNX's terms. */
final class OnnxTypes {
    private OnnxTypes() {
    }

    static DataType of(DType dtype) {
        return switch (dtype) {
            case F64 -> DataType.DOUBLE;
            case F32 -> DataType.FLOAT;
            case F16 -> DataType.FLOAT16;
            case BF16 -> DataType.BFLOAT16;
            case I64 -> DataType.INT64;
            case I32 -> DataType.INT32;
            case I16 -> DataType.INT16;
            case I8 -> DataType.INT8;
            case U8 -> DataType.UINT8;
            case BOOL -> DataType.BOOL;
        };
    }

    /** Integers of 4 or 8 bits with a sign; those of 4 are two in a byte, the first in its lower half. */
    static DataType integers(int bits) {
        return bits == 8 ? DataType.INT8 : DataType.INT4;
    }

    /** The type that {@link #of} gives this number; {@link IllegalArgumentException} when there is none. */
    static DType dtype(int number) {
        return Arrays.stream(DType.values()).filter(t -> of(t).getNumber() == number).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("element type " + number));
    }

    /** An input or output of this type and shape. */
    static ValueInfoProto info(String name, DType dtype, List<Dim> shape) {
        TensorShapeProto.Builder dims = TensorShapeProto.newBuilder();
        for (Dim d : shape) {
            switch (d) {
                case Dim.Fixed(long size) -> dims.addDimBuilder().setDimValue(size);
                case Dim.Symbol(String symbol) -> dims.addDimBuilder().setDimParam(symbol);
            }
        }
        return ValueInfoProto.newBuilder().setName(name).setType(TypeProto.newBuilder().setTensorType(
                TypeProto.Tensor.newBuilder().setElemType(of(dtype).getNumber()).setShape(dims))).build();
    }

    static ValueInfoProto info(String name, DType dtype, Dim... shape) {
        return info(name, dtype, List.of(shape));
    }
}
