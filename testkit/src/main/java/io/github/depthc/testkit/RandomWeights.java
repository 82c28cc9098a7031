// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.List;
import java.util.SplittableRandom;

/** Weights of random numbers, in every form a weight can have: stored in F32 or BF16, by value, and as views of others. */
final class RandomWeights {
    /** Larger ones by value would make texts long. */
    private static final int MOST_INLINE = 48;

    private final SplittableRandom random;
    private final MemoryWeights store = new MemoryWeights("checkpoint");
    private int number;

    RandomWeights(SplittableRandom random) {
        this.random = random;
    }

    MemoryWeights store() {
        return store;
    }

    /** A matrix {@code [out, in]} that keeps the size of numbers about as it is. */
    WeightExpr matrix(int out, int in) {
        double deviation = 1 / Math.sqrt(in);
        return switch (random.nextInt(10)) {
            case 0 -> stored(DType.BF16, 0, deviation, out, in);
            case 1 -> new WeightExpr.Transpose(stored(DType.F32, 0, deviation, in, out), List.of(1, 0));
            case 2 -> new WeightExpr.Slice(stored(DType.F32, 0, deviation, out + 3, in), 0, 2, out + 2);
            case 3 -> out < 2 ? stored(DType.F32, 0, deviation, out, in)
                    : new WeightExpr.Concat(List.of(stored(DType.F32, 0, deviation, 1, in), stored(DType.F32, 0, deviation, out - 1, in)), 0);
            case 4 -> new WeightExpr.Cast(stored(DType.BF16, 0, deviation, out, in), DType.F32);
            case 5 -> out * in <= MOST_INLINE ? inline(0, deviation, out, in) : stored(DType.F32, 0, deviation, out, in);
            default -> stored(DType.F32, 0, deviation, out, in);
        };
    }

    /** A vector of numbers around a mean. */
    WeightExpr vector(int n, double mean, double deviation) {
        return switch (random.nextInt(5)) {
            case 0 -> inline(mean, deviation, n);
            case 1 -> new WeightExpr.Reshape(stored(DType.F32, mean, deviation, 1, n), List.of((long) n));
            default -> stored(DType.F32, mean, deviation, n);
        };
    }

    /** A weight as a value of a region. */
    static Value value(RegionBuilder b, WeightExpr weight) {
        return b.add("w", new Weight(weight));
    }

    private WeightExpr stored(DType dtype, double mean, double deviation, long... shape) {
        float[] values = numbers(mean, deviation, shape);
        return store.add("weight." + number++, dtype, values, shape);
    }

    private WeightExpr inline(double mean, double deviation, long... shape) {
        return WeightExpr.Inline.of(numbers(mean, deviation, shape), shape);
    }

    private float[] numbers(double mean, double deviation, long... shape) {
        int n = 1;
        for (long d : shape) {
            n = Math.multiplyExact(n, Math.toIntExact(d));
        }
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (mean + deviation * random.nextGaussian());
        }
        return values;
    }
}
