// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.weight;

import io.github.depthc.ir.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** The reader of each kind of weight expression. */
final class Readers {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Readers() {
    }

    /** A reader of the weight's elements as they are. */
    static ElementReader of(WeightExpr weight, WeightStore store) {
        return of(weight, store, List.of());
    }

    /**
     * A reader of the weight's elements converted to each of {@code casts} in turn. Casts sink to the leaves, where they read
     * long runs; above a transposition they would ask it for single rows.
     */
    private static ElementReader of(WeightExpr weight, WeightStore store, List<DType> casts) {
        var place = WeightReader.contiguous(weight, store);
        if (place.isPresent()) {
            return converted(new Bytes(place.get().bytes(), weight.type().dtype().bytes()), weight.type().dtype(), casts);
        }
        return switch (weight) {
            case WeightExpr.Stored s -> throw new IllegalStateException(s + " is not contiguous");
            case WeightExpr.Inline i -> converted(inline(i), DType.F32, casts);
            case WeightExpr.Reshape r -> of(r.of(), store, casts);
            case WeightExpr.Cast c -> {
                var all = new ArrayList<DType>(casts.size() + 1);
                all.add(c.to());
                all.addAll(casts);
                yield of(c.of(), store, all);
            }
            case WeightExpr.Slice s -> new SliceReader(of(s.of(), store, casts), s.of().type().fixedShape(), s.axis(), s.begin(), s.end());
            case WeightExpr.Concat c -> new ConcatReader(c.parts().stream().map(p -> of(p, store, casts)).toList(),
                    inner(c.type().fixedShape(), 0, c.axis()));
            case WeightExpr.Quantized q -> converted(new QuantizedReader(of(q.of(), store, List.of(DType.F32)), q), q.type().dtype(), casts);
            case WeightExpr.Transpose t -> TransposeReader.of(of(t.of(), store, casts), t.of().type().fixedShape(), t.axes());
        };
    }

    /** Product of the sizes of axes {@code from} (inclusive) to {@code to} (exclusive). */
    static long inner(long[] shape, int from, int to) {
        long n = 1;
        for (int i = from; i < to; i++) {
            n = Math.multiplyExact(n, shape[i]);
        }
        return n;
    }

    private static ElementReader converted(ElementReader reader, DType from, List<DType> casts) {
        DType type = from;
        for (DType to : casts) {
            if (to != type) {
                reader = new CastReader(reader, type, to);
                type = to;
            }
        }
        return reader;
    }

    private static ElementReader inline(WeightExpr.Inline weight) {
        MemorySegment bytes = Arena.ofAuto().allocate(Math.max(1, weight.byteSize()), Float.BYTES);
        for (int i = 0; i < weight.values().size(); i++) {
            bytes.set(F32, (long) i * Float.BYTES, weight.values().get(i).floatValue());
        }
        return new Bytes(bytes.asSlice(0, weight.byteSize()), Float.BYTES);
    }

    /** Elements that lie in memory in order. */
    private record Bytes(MemorySegment memory, int bytes) implements ElementReader {
        @Override
        public long count() {
            return memory.byteSize() / bytes;
        }

        @Override
        public long grain() {
            return 1;
        }

        @Override
        public void read(long from, long step, int rows, int run, MemorySegment to, long at, long toStep) {
            for (int i = 0; i < rows; i++) {
                MemorySegment.copy(memory, (from + i * step) * bytes, to, (at + i * toStep) * bytes, (long) run * bytes);
            }
        }
    }

    /** A range of an axis: of every block of the operand, one run. */
    private static final class SliceReader extends RowReader {
        private final ElementReader of;
        private final long block;
        private final long skip;

        SliceReader(ElementReader of, long[] shape, int axis, long begin, long end) {
            long inner = inner(shape, axis + 1, shape.length);
            super(of.bytes(), inner(shape, 0, axis) * (end - begin) * inner, (end - begin) * inner);
            this.of = of;
            this.block = shape[axis] * inner;
            this.skip = begin * inner;
        }

        @Override
        void readRows(long row, long column, long rowStep, int rows, int run, MemorySegment to, long at, long toStep) {
            of.read(row * block + skip + column, rowStep * block, rows, run, to, at, toStep);
        }
    }

    /** Blocks of several weights in turn. */
    private static final class ConcatReader extends RowReader {
        private final List<ElementReader> parts;
        private final long[] widths;
        private final long grain;

        ConcatReader(List<ElementReader> parts, long blocks) {
            long count = parts.stream().mapToLong(ElementReader::count).sum();
            super(parts.getFirst().bytes(), count, blocks == 0 ? 0 : count / blocks);
            this.parts = parts;
            this.widths = parts.stream().mapToLong(p -> blocks == 0 ? 0 : p.count() / blocks).toArray();
            // One block alone is the parts one after the other, each best read in its own grain.
            this.grain = blocks == 1 ? parts.getFirst().grain() : super.grain();
        }

        @Override
        public long grain() {
            return grain;
        }

        @Override
        void readRows(long row, long column, long rowStep, int rows, int run, MemorySegment to, long at, long toStep) {
            long begin = 0;
            for (int p = 0; p < widths.length; p++) {
                long width = widths[p];
                long first = Math.max(column, begin);
                long last = Math.min(column + run, begin + width);
                if (first < last) {
                    parts.get(p).read(row * width + first - begin, rowStep * width, rows, (int) (last - first),
                            to, at + first - column, toStep);
                }
                begin += width;
            }
        }
    }
}
