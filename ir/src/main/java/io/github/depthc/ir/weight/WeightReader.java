// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.weight;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.TypeException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.Optional;

/**
 * Evaluates weights piece by piece: mapped bytes go through a buffer of a few MiB outside the heap, or straight to the
 * channel when nothing needs to be done to them. Calls on different threads do not disturb each other.
 */
public final class WeightReader {
    private static final int CHUNK_BYTES = 1 << 20;
    /** A transposition reads short runs all over the operand: the more output rows at once, the longer the runs. */
    private static final int GRAINED_CHUNK_BYTES = 4 << 20;

    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private WeightReader() {
    }

    /**
     * Writes exactly {@link WeightExpr#byteSize()} bytes to the channel: the elements, row-major and little-endian. Views that
     * keep the element type are byte-exact.
     *
     * @throws io.github.depthc.ir.InputException when the store lacks a weight
     */
    public static void write(WeightExpr weight, WeightStore store, WritableByteChannel to) throws IOException {
        Optional<WeightStore.Extent> place = contiguous(weight, store);
        if (place.isPresent()) {
            writeAll(place.get().bytes(), to);
            return;
        }
        ElementReader reader = Readers.of(weight, store);
        int chunk = chunk(reader);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate((long) chunk * reader.bytes(), Long.BYTES);
            for (long done = 0; done < reader.count(); done += chunk) {
                int n = (int) Math.min(chunk, reader.count() - done);
                reader.read(done, n, 1, n, buffer, 0, n);
                writeAll(buffer.asSlice(0, (long) n * reader.bytes()), to);
            }
        }
    }

    /**
     * Where the weight's bytes lie as they are, when they are one range of one stored tensor: a stored tensor, and any slice,
     * reshape or transposition of it that leaves the elements in order and without gaps. Empty for all others.
     */
    public static Optional<WeightStore.Extent> contiguous(WeightExpr weight, WeightStore store) {
        return switch (weight) {
            case WeightExpr.Stored s -> Optional.of(stored(s, store));
            case WeightExpr.Inline i -> Optional.empty();
            case WeightExpr.Quantized q -> Optional.empty();
            case WeightExpr.Reshape r -> contiguous(r.of(), store);
            case WeightExpr.Cast c -> c.to() == c.of().type().dtype() ? contiguous(c.of(), store) : Optional.empty();
            case WeightExpr.Concat c -> c.parts().size() == 1 ? contiguous(c.parts().getFirst(), store) : Optional.empty();
            case WeightExpr.Transpose t -> keepsOrder(t) ? contiguous(t.of(), store) : Optional.empty();
            case WeightExpr.Slice s -> contiguous(s, store);
        };
    }

    private static Optional<WeightStore.Extent> contiguous(WeightExpr.Slice slice, WeightStore store) {
        long[] shape = slice.of().type().fixedShape();
        boolean whole = slice.begin() == 0 && slice.end() == shape[slice.axis()];
        if (!whole && Readers.inner(shape, 0, slice.axis()) != 1) {
            return Optional.empty();
        }
        long inner = Readers.inner(shape, slice.axis() + 1, shape.length) * slice.type().dtype().bytes();
        return contiguous(slice.of(), store).map(e -> new WeightStore.Extent(e.file(), e.offset() + slice.begin() * inner,
                e.bytes().asSlice(slice.begin() * inner, slice.byteSize())));
    }

    private static boolean keepsOrder(WeightExpr.Transpose t) {
        long[] shape = t.of().type().fixedShape();
        List<Integer> moved = t.axes().stream().filter(a -> shape[a] != 1).toList();
        return moved.equals(moved.stream().sorted().toList());
    }

    private static WeightStore.Extent stored(WeightExpr.Stored weight, WeightStore store) {
        WeightStore.Extent extent = store.find(weight);
        if (extent.bytes().byteSize() != weight.byteSize()) {
            throw new IllegalStateException("the store gives " + extent.bytes().byteSize() + " bytes for " + weight);
        }
        return extent;
    }

    /**
     * The elements of a small floating point weight in F32, as by a {@link WeightExpr.Cast}.
     *
     * @throws TypeException when the weight is not floating point, or has more elements than a Java array
     */
    public static float[] floats(WeightExpr weight, WeightStore store) {
        ElementReader reader = Readers.of(new WeightExpr.Cast(weight, DType.F32), store);
        if (reader.count() > Integer.MAX_VALUE - 8) {
            throw new TypeException(weight.type() + " has " + reader.count() + " elements, too many for an array");
        }
        float[] values = new float[(int) reader.count()];
        int chunk = chunk(reader);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate((long) chunk * Float.BYTES, Float.BYTES);
            for (int done = 0; done < values.length; done += chunk) {
                int n = Math.min(chunk, values.length - done);
                reader.read(done, n, 1, n, buffer, 0, n);
                MemorySegment.copy(buffer, F32, 0, values, done, n);
            }
        }
        return values;
    }

    /** Elements to read at once: a multiple of the reader's grain, if that fits. */
    private static int chunk(ElementReader reader) {
        long grain = reader.grain();
        long most = (grain == 1 ? CHUNK_BYTES : GRAINED_CHUNK_BYTES) / reader.bytes();
        long chunk = grain > 1 && grain <= most ? most / grain * grain : most;
        return (int) Math.clamp(reader.count(), 1, chunk);
    }

    private static void writeAll(MemorySegment bytes, WritableByteChannel to) throws IOException {
        for (long done = 0; done < bytes.byteSize(); done += CHUNK_BYTES) {
            ByteBuffer piece = bytes.asSlice(done, Math.min(CHUNK_BYTES, bytes.byteSize() - done)).asByteBuffer();
            while (piece.hasRemaining()) {
                to.write(piece);
            }
        }
    }
}
