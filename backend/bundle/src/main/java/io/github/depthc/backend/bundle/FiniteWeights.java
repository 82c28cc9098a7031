// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Refuses weights that are not finite: with one NaN every logit is NaN, and a router with one keeps arbitrary tokens. */
public final class FiniteWeights {
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private FiniteWeights() {
    }

    /**
     * Reads the stored tensors that a weight is made of.
     *
     * @throws InputException naming the first tensor with a NaN or an infinity, its file, and the place in it
     */
    public static void check(WeightExpr weight, WeightStore store) {
        var scan = new FiniteScan();
        for (WeightExpr.Stored leaf : WeightStore.leaves(weight)) {
            if (leaf.type().dtype().isFloat()) {
                MemorySegment bytes = store.find(leaf).bytes();
                scan.begin(leaf.type().dtype());
                if (!scan.add(bytes, 0, bytes.byteSize()) || !scan.end()) {
                    throw refused(leaf, store);
                }
            }
        }
    }

    /** The error for a weight of which a NaN or an infinity has been read, or made by the conversion to its type. */
    static InputException refused(WeightExpr weight, WeightStore store) {
        String largest = "";
        double most = 0;
        for (WeightExpr.Stored leaf : WeightStore.leaves(weight)) {
            WeightStore.Extent extent = store.find(leaf);
            DType stored = leaf.type().dtype();
            for (long i = 0; stored.isFloat() && i < extent.bytes().byteSize() / stored.bytes(); i++) {
                double value = element(extent.bytes(), stored, i);
                if (!Double.isFinite(value)) {
                    return new InputException(described(leaf, extent, value, i) + ", expected finite numbers; " + (extent.file().isEmpty()
                            ? "the pass that computed it is at fault: leave it out" : "the file is damaged or its training diverged: get it again, or take an earlier checkpoint"));
                }
                if (Math.abs(value) > most) {
                    most = Math.abs(value);
                    largest = described(leaf, extent, value, i);
                }
            }
        }
        DType type = weight instanceof WeightExpr.Quantized q ? q.scales().type() : weight.type().dtype();
        return new InputException(largest + ", the largest of its numbers, which is too large for " + type.text() + switch (type) {
            case F16 -> " (65504 at most); take --precision bf16, whose numbers go as far as those of f32";
            case BF16 -> "; keep the weights in fp32";
            default -> ", in which the CPU computes";
        });
    }

    private static String described(WeightExpr.Stored leaf, WeightStore.Extent extent, double value, long element) {
        return extent.where() + ": tensor \"" + leaf.name() + "\" " + leaf.type() + " has the value " + value + " at " + Arrays.toString(index(leaf.type().fixedShape(), element));
    }

    private static double element(MemorySegment bytes, DType type, long i) {
        return switch (type) {
            case F64 -> bytes.get(F64, i * Double.BYTES);
            case F32 -> bytes.get(F32, i * Float.BYTES);
            case F16 -> Float.float16ToFloat(bytes.get(I16, i * Short.BYTES));
            default -> Float.intBitsToFloat(bytes.get(I16, i * Short.BYTES) << 16);
        };
    }

    private static long[] index(long[] shape, long element) {
        long[] index = new long[shape.length];
        long left = element;
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            index[axis] = left % shape[axis];
            left /= shape[axis];
        }
        return index;
    }
}
