// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.weight;

import io.github.depthc.ir.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/**
 * How far a quantised weight is from the weight, both squared and summed over all elements.
 *
 * @param difference of the weight and what its codes stand for
 * @param whole      of the weight
 */
public record QuantizationError(double difference, double whole) {
    /** Of nothing. */
    public static final QuantizationError NONE = new QuantizationError(0, 0);

    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int CHUNK = 1 << 18;

    /** Reads a weight, in pieces, and compares. */
    public static QuantizationError of(WeightExpr.Quantized weight, WeightStore store) {
        ElementReader exact = Readers.of(new WeightExpr.Cast(weight.of(), DType.F32), store);
        ElementReader rounded = Readers.of(weight.with(WeightExpr.Quantized.Part.VALUES), store);
        long width = rounded.grain();
        int chunk = (int) Math.clamp(CHUNK / width * width, width, Math.max(width, rounded.count()));
        double difference = 0;
        double whole = 0;
        float[] a = new float[chunk];
        float[] b = new float[chunk];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate((long) chunk * Float.BYTES, Float.BYTES);
            for (long done = 0; done < rounded.count(); done += chunk) {
                int n = (int) Math.min(chunk, rounded.count() - done);
                for (var read : List.of(new Into(exact, a), new Into(rounded, b))) {
                    read.reader.read(done, n, 1, n, buffer, 0, n);
                    MemorySegment.copy(buffer, F32, 0, read.values, 0, n);
                }
                for (int i = 0; i < n; i++) {
                    double d = a[i] - b[i];
                    difference += d * d;
                    whole += (double) a[i] * a[i];
                }
            }
        }
        return new QuantizationError(difference, whole);
    }

    private record Into(ElementReader reader, float[] values) {
    }

    /** Of both together. */
    public QuantizationError plus(QuantizationError other) {
        return new QuantizationError(difference + other.difference, whole + other.whole);
    }

    /** Norm of the difference over the norm of the weight; 0 for a weight of zeros. */
    public double relative() {
        return whole == 0 ? 0 : Math.sqrt(difference / whole);
    }
}
