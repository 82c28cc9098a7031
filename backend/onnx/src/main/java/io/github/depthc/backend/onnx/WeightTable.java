// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.backend.onnx.proto.StringStringEntryProto;
import io.github.depthc.backend.onnx.proto.TensorProto;
import io.github.depthc.backend.onnx.proto.TensorProto.DataType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The initializers of a model's weights: one for each distinct expression, however many nodes use it. */
final class WeightTable {
    private final GraphWriter g;
    private final WeightPlacement placement;
    private final Map<WeightExpr, Stored> stored = new HashMap<>();
    private final Map<WeightExpr, String> f32 = new HashMap<>();
    private final List<EmittedWeight> emitted = new ArrayList<>();

    /** An initializer and its element type. */
    record Stored(String name, DType dtype) {
    }

    WeightTable(GraphWriter g, WeightPlacement placement) {
        this.g = g;
        this.placement = placement;
    }

    /** The external weights so far. */
    List<EmittedWeight> emitted() {
        return emitted;
    }

    /** The weight as it is stored. */
    Stored stored(WeightExpr expr, String hint) {
        Stored s = stored.get(expr);
        if (s == null) {
            s = expr instanceof WeightExpr.Inline inline ? inline(inline) : external(expr, hint, placement.place(expr));
            stored.put(expr, s);
        }
        return s;
    }

    /** Codes in two's complement, {@code i8[out, blocks, block · bits / 8]}, as the matrix of integers of so many bits that they are, {@code [out, in]}. */
    String integers(WeightExpr expr, String hint, int bits) {
        return stored.computeIfAbsent(expr, e -> {
            long[] shape = e.type().fixedShape();
            return external(e, hint, placement.place(e), OnnxTypes.integers(bits), shape[0], shape[1] * shape[2] * Byte.SIZE / bits);
        }).name();
    }

    /** The weight as F32; a Cast stands behind an initializer of another type. */
    String f32(WeightExpr expr, String hint) {
        String name = f32.get(expr);
        if (name == null) {
            Stored s = stored(expr, hint);
            name = s.dtype() == DType.F32 ? s.name() : g.cast(s.name(), DataType.FLOAT);
            f32.put(expr, name);
        }
        return name;
    }

    private Stored inline(WeightExpr.Inline inline) {
        float[] values = new float[inline.values().size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = inline.values().get(i).floatValue();
        }
        return new Stored(g.f32s(values, inline.type().fixedShape()), DType.F32);
    }

    private Stored external(WeightExpr expr, String hint, WeightPlacement.Placed placed) {
        return external(expr, hint, placed, OnnxTypes.of(placed.stored()), expr.type().fixedShape());
    }

    private Stored external(WeightExpr expr, String hint, WeightPlacement.Placed placed, DataType type, long... shape) {
        long bytes = placed.stored().bytes();
        for (long d : expr.type().fixedShape()) {
            bytes = Math.multiplyExact(bytes, d);
        }
        if (bytes != placed.length()) {
            throw new IllegalArgumentException("a weight of type " + expr.type() + " stored as " + placed.stored().text() + " takes "
                    + bytes + " bytes, placed are " + placed.length());
        }
        String name = g.unique(expr instanceof WeightExpr.Stored s ? s.name() : "weight." + hint);
        TensorProto.Builder tensor = TensorProto.newBuilder().setName(name).setDataType(type.getNumber())
                .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                .addExternalData(entry("location", placed.location()))
                .addExternalData(entry("offset", Long.toString(placed.offset())))
                .addExternalData(entry("length", Long.toString(placed.length())));
        for (long d : shape) {
            tensor.addDims(d);
        }
        g.initializer(tensor.build());
        emitted.add(new EmittedWeight(name, expr, placed));
        return new Stored(name, placed.stored());
    }

    private static StringStringEntryProto entry(String key, String value) {
        return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
    }
}
