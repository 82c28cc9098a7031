// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.synth;

import io.github.depthc.frontend.safetensors.SafetensorsWriter;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.TensorType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.LongConsumer;

/**
 * Random tensors at the speed of the disk: normal values are drawn once, and every tensor is made of pieces of them that
 * begin at random places.
 */
final class RandomTensors {
    /** Values drawn. Odd, so that no matrix of usual width repeats its rows. */
    private static final int VALUES = (1 << 20) - 1;
    private static final double DEVIATION = 0.02;

    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final long seed;
    private final Function<String, OptionalDouble> deviations;
    private final Map<Distribution, MemorySegment> drawn = new HashMap<>();

    private record Distribution(DType type, double mean, double deviation) {
    }

    /**
     * @param deviations standard deviation of a tensor's values by its name; empty is the usual one
     */
    RandomTensors(long seed, Function<String, OptionalDouble> deviations) {
        this.seed = seed;
        this.deviations = deviations;
    }

    /** Writes one tensor, whose values follow from the seed, its name and its type; {@code progress} gets its bytes so far. */
    void write(String name, TensorType type, SafetensorsWriter to, LongConsumer progress) throws IOException {
        DType dtype = type.dtype();
        boolean norm = type.rank() == 1 && !name.endsWith(".bias");
        MemorySegment values = drawn.computeIfAbsent(
                new Distribution(dtype, norm ? 1 : 0, deviations.apply(name).orElse(DEVIATION)), this::draw);
        long bytes = dtype.bytes();
        for (long d : type.fixedShape()) {
            bytes *= d;
        }
        var random = new SplittableRandom(seed * 31 + name.hashCode());
        for (long done = 0; done < bytes; ) {
            long from = (long) random.nextInt(VALUES) * dtype.bytes();
            long n = Math.min(bytes - done, values.byteSize() - from);
            to.write(values.asSlice(from, n));
            done += n;
            progress.accept(done);
        }
    }

    private MemorySegment draw(Distribution distribution) {
        DType type = distribution.type();
        MemorySegment values = Arena.ofAuto().allocate((long) VALUES * type.bytes(), type.bytes());
        if (!type.isFloat()) {
            return values;
        }
        var random = new SplittableRandom(seed);
        for (long i = 0; i < VALUES; i++) {
            double v = distribution.mean() + distribution.deviation() * random.nextGaussian();
            switch (type) {
                case F64 -> values.setAtIndex(F64, i, v);
                case F32 -> values.setAtIndex(F32, i, (float) v);
                case F16 -> values.setAtIndex(I16, i, Float.floatToFloat16((float) v));
                default -> values.setAtIndex(I16, i, (short) (Float.floatToRawIntBits((float) v) >>> 16));
            }
        }
        return values;
    }
}
