// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;

/** Weights by value, for models that a test makes up. They stand in no file. */
public final class MemoryWeights implements WeightStore {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort BF16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final String source;
    private final Map<String, MemorySegment> bytes = new HashMap<>();

    /** A store of this source name: that of {@code @source:"name"} in the text form. */
    public MemoryWeights(String source) {
        this.source = source;
    }

    /**
     * Adds a tensor and gives the weight that refers to it.
     *
     * @param dtype  F32, or BF16, to which the values are cut off
     * @param values as many as the shape has elements
     */
    public WeightExpr.Stored add(String name, DType dtype, float[] values, long... shape) {
        var weight = new WeightExpr.Stored(source, name, TensorType.fixed(dtype, shape));
        MemorySegment data = Arena.ofAuto().allocate(Math.max(1, weight.byteSize()), 64).asSlice(0, weight.byteSize());
        if (data.byteSize() != (long) values.length * dtype.bytes()) {
            throw new IllegalArgumentException(values.length + " values for the weight " + name + " of type " + weight.type());
        }
        for (int i = 0; i < values.length; i++) {
            switch (dtype) {
                case F32 -> data.setAtIndex(F32, i, values[i]);
                case BF16 -> data.setAtIndex(BF16, i, (short) (Float.floatToRawIntBits(values[i]) >>> 16));
                default -> throw new IllegalArgumentException("weights of type " + dtype.text() + ", expected f32 or bf16");
            }
        }
        if (bytes.putIfAbsent(name, data.asReadOnly()) != null) {
            throw new IllegalArgumentException("the weight " + name + " exists already");
        }
        return weight;
    }

    @Override
    public Extent find(WeightExpr.Stored weight) {
        MemorySegment data = weight.source().equals(source) ? bytes.get(weight.name()) : null;
        if (data == null) {
            throw new InputException("the weight @" + weight.source() + ":\"" + weight.name() + "\" is not among those made for this test");
        }
        return new Extent(data);
    }
}
