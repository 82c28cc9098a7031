// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;

/** Every stored weight there may be, F32 or BF16, of random numbers that go by its source and name: the same in every run. */
final class DrawnWeights implements WeightStore {
    private final ConcurrentHashMap<WeightExpr.Stored, Extent> drawn = new ConcurrentHashMap<>();

    @Override
    public Extent find(WeightExpr.Stored weight) {
        return drawn.computeIfAbsent(weight, DrawnWeights::draw);
    }

    private static Extent draw(WeightExpr.Stored weight) {
        long[] shape = weight.type().fixedShape();
        var random = new SplittableRandom(31L * weight.source().hashCode() + weight.name().hashCode());
        // a product with a matrix keeps the size of numbers about as it is
        double deviation = 1 / Math.sqrt(shape.length == 0 ? 1 : Math.max(1, shape[shape.length - 1]));
        float[] values = new float[Math.toIntExact(weight.type().elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (deviation * random.nextGaussian());
        }
        var store = new MemoryWeights(weight.source());
        return store.find(store.add(weight.name(), weight.type().dtype(), values, shape));
    }
}
