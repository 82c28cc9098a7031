package io.github.depthc.ir.weight;

import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.util.Optional;

/** Evaluates weights piece by piece, never holding a whole one. */
public final class WeightReader {
    private WeightReader() {
    }

    /** Writes the weight's elements, row-major and little-endian, to a channel. */
    public static void write(WeightExpr weight, WeightStore store, WritableByteChannel to) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** The bytes of the weight in place, when it is a contiguous range of one stored tensor. */
    public static Optional<WeightStore.Extent> contiguous(WeightExpr weight, WeightStore store) {
        throw new UnsupportedOperationException();
    }

    /** The elements of a floating point weight as F32. */
    public static float[] floats(WeightExpr weight, WeightStore store) {
        throw new UnsupportedOperationException();
    }
}
