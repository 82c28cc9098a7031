// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.weight;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.TypeException;
import io.github.depthc.ir.weight.WeightExpr.Cast;
import io.github.depthc.ir.weight.WeightExpr.Concat;
import io.github.depthc.ir.weight.WeightExpr.Inline;
import io.github.depthc.ir.weight.WeightExpr.Reshape;
import io.github.depthc.ir.weight.WeightExpr.Slice;
import io.github.depthc.ir.weight.WeightExpr.Stored;
import io.github.depthc.ir.weight.WeightExpr.Transpose;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class WeightReaderTest {
    private static final Path FILE = Path.of("memory");
    private static final long FILE_OFFSET = 1000;

    /** Every stored tensor's bytes look random and follow from its name. */
    private static final WeightStore STORE = weight ->
            new WeightStore.Extent(FILE, FILE_OFFSET, MemorySegment.ofArray(bytes(weight)).asReadOnly());

    private static byte[] bytes(Stored weight) {
        byte[] bytes = new byte[(int) weight.byteSize()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = byteAt(weight, i);
        }
        return bytes;
    }

    private static byte byteAt(Stored weight, long i) {
        long h = (weight.name().hashCode() * 31L + i) * 0x9e37_79b9_7f4a_7c15L;
        return (byte) ((h ^ h >>> 29) * 0xbf58_476d_1ce4_e5b9L >>> 40);
    }

    private static Stored stored(String name, DType type, long... shape) {
        return new Stored("test", name, TensorType.fixed(type, shape));
    }


    private static byte[] written(WeightExpr weight) {
        return written(weight, STORE);
    }

    private static byte[] written(WeightExpr weight, WeightStore store) {
        var out = new ByteArrayOutputStream();
        try {
            WeightReader.write(weight, store, Channels.newChannel(out));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return out.toByteArray();
    }

    /** The definition of every view, one element at a time. */
    private static byte[] expected(WeightExpr weight) {
        long[] shape = weight.type().fixedShape();
        int size = weight.type().dtype().bytes();
        var out = ByteBuffer.allocate((int) weight.byteSize());
        long n = weight.byteSize() / size;
        for (long i = 0; i < n; i++) {
            out.put(element(weight, unravel(i, shape)));
        }
        return out.array();
    }

    private static byte[] element(WeightExpr weight, long[] index) {
        return switch (weight) {
            case Stored s -> {
                int size = s.type().dtype().bytes();
                byte[] element = new byte[size];
                for (int i = 0; i < size; i++) {
                    element[i] = byteAt(s, ravel(index, s.type().fixedShape()) * size + i);
                }
                yield element;
            }
            case Inline i -> ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(i.values().get((int) ravel(index, i.type().fixedShape())).floatValue()).array();
            case Slice s -> {
                long[] of = index.clone();
                of[s.axis()] += s.begin();
                yield element(s.of(), of);
            }
            case Concat c -> {
                long[] of = index.clone();
                int p = 0;
                while (of[c.axis()] >= c.parts().get(p).type().fixedShape()[c.axis()]) {
                    of[c.axis()] -= c.parts().get(p).type().fixedShape()[c.axis()];
                    p++;
                }
                yield element(c.parts().get(p), of);
            }
            case Transpose t -> {
                long[] of = new long[index.length];
                for (int i = 0; i < index.length; i++) {
                    of[t.axes().get(i)] = index[i];
                }
                yield element(t.of(), of);
            }
            case Reshape r -> element(r.of(), unravel(ravel(index, r.type().fixedShape()), r.of().type().fixedShape()));
            case Cast c -> convert(element(c.of(), index), c.of().type().dtype(), c.to());
            case WeightExpr.Quantized q -> throw new AssertionError(q + ": see QuantizedReaderTest");
        };
    }

    private static long ravel(long[] index, long[] shape) {
        long at = 0;
        for (int i = 0; i < shape.length; i++) {
            at = at * shape[i] + index[i];
        }
        return at;
    }

    private static long[] unravel(long at, long[] shape) {
        long[] index = new long[shape.length];
        for (int i = shape.length - 1; i >= 0; i--) {
            index[i] = at % shape[i];
            at /= shape[i];
        }
        return index;
    }

    /** The conversion by way of exact decimals, nothing in common with the code under test. */
    private static byte[] convert(byte[] element, DType from, DType to) {
        var in = ByteBuffer.wrap(element).order(ByteOrder.LITTLE_ENDIAN);
        double value = switch (from) {
            case F64 -> in.getDouble();
            case F32 -> in.getFloat();
            case F16 -> Float.float16ToFloat(in.getShort());
            case BF16 -> Float.intBitsToFloat(in.getShort() << 16);
            default -> throw new AssertionError(from);
        };
        if (from == to) {
            return element;
        }
        var out = ByteBuffer.allocate(to.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        switch (to) {
            case F64 -> out.putDouble(value);
            case F32 -> out.putFloat((float) value);
            case F16 -> out.putShort(Float.floatToFloat16((float) nearest(value, 11, -24, 65504)));
            case BF16 -> out.putShort((short) (Float.floatToRawIntBits((float) nearest(value, 8, -133, 0x1.fep127)) >>> 16));
            default -> throw new AssertionError(to);
        }
        return out.array();
    }

    /** The multiple of the type's spacing that is nearest to the value, the even one of two. */
    private static double nearest(double value, int precision, int minExponent, double max) {
        if (value == 0 || Double.isNaN(value) || Double.isInfinite(value)) {
            return value;
        }
        int exponent = Math.max(Math.getExponent(value) - precision + 1, minExponent);
        BigDecimal spacing = exponent >= 0 ? new BigDecimal(2).pow(exponent)
                : BigDecimal.ONE.divide(new BigDecimal(2).pow(-exponent), MathContext.UNLIMITED);
        BigDecimal rounded = new BigDecimal(value).divide(spacing, MathContext.UNLIMITED).setScale(0, RoundingMode.HALF_EVEN)
                .multiply(spacing);
        double result = Math.copySign(rounded.doubleValue(), value);
        return Math.abs(result) > max ? Math.copySign(Double.POSITIVE_INFINITY, value) : result;
    }

    private static boolean sameOrBothNan(byte[] a, byte[] b, DType type) {
        if (Arrays.equals(a, b)) {
            return true;
        }
        if (!type.isFloat() || a.length != b.length) {
            return false;
        }
        for (int i = 0; i < a.length; i += type.bytes()) {
            byte[] x = Arrays.copyOfRange(a, i, i + type.bytes());
            byte[] y = Arrays.copyOfRange(b, i, i + type.bytes());
            if (!Arrays.equals(x, y) && !(isNan(x, type) && isNan(y, type))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isNan(byte[] element, DType type) {
        byte[] wide = convert(element, type, DType.F64);
        return Double.isNaN(ByteBuffer.wrap(wide).order(ByteOrder.LITTLE_ENDIAN).getDouble());
    }

    @Test
    void storedIsWrittenByteForByte() {
        var weight = stored("a", DType.BF16, 3, 5);
        assertArrayEquals(bytes(weight), written(weight));
    }

    @Test
    void transposesAMatrixLargerThanOneTileAndOneChunk() {
        for (DType type : List.of(DType.U8, DType.F16, DType.F32, DType.F64)) {
            var weight = new Transpose(stored("m", type, 1300, 1009), List.of(1, 0));
            byte[] from = bytes((Stored) weight.of());
            byte[] to = written(weight);
            int size = type.bytes();
            for (int r = 0; r < 1300; r++) {
                for (int c = 0; c < 1009; c++) {
                    int a = (r * 1009 + c) * size;
                    int b = (c * 1300 + r) * size;
                    if (!Arrays.equals(from, a, a + size, to, b, b + size)) {
                        fail(type + " differs at row " + r + ", column " + c);
                    }
                }
            }
        }
    }

    @Test
    void joinsTransposedMatricesSideBySide() {
        var weight = new Concat(List.of(
                new Transpose(stored("q", DType.F32, 130, 70), List.of(1, 0)),
                new Transpose(stored("k", DType.F32, 65, 70), List.of(1, 0)),
                new Transpose(stored("v", DType.F32, 1, 70), List.of(1, 0))), 1);
        assertArrayEquals(expected(weight), written(weight));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void everyPermutationIsItsDefinition(int rank) {
        permutations(rank).forEach(axes -> {
            for (long[] shape : List.of(new long[] {3, 4, 2, 5}, new long[] {70, 1, 3, 2}, new long[] {2, 66, 1, 67})) {
                var weight = new Transpose(stored("p", DType.I16, Arrays.copyOf(shape, rank)), axes);
                assertArrayEquals(expected(weight), written(weight), () -> weight.toString());
            }
        });
    }

    private static List<List<Integer>> permutations(int rank) {
        if (rank == 0) {
            return List.of(List.of());
        }
        var all = new ArrayList<List<Integer>>();
        for (List<Integer> shorter : permutations(rank - 1)) {
            for (int i = 0; i <= shorter.size(); i++) {
                var longer = new ArrayList<>(shorter);
                longer.add(i, rank - 1);
                all.add(longer);
            }
        }
        return all;
    }

    @Test
    void takesEverySecondOfPermutedRows() {
        var permuted = new Transpose(stored("s", DType.F16, 6, 5, 7), List.of(1, 0, 2));
        var weight = new Slice(new Reshape(permuted, List.of(15L, 2L, 7L)), 1, 1, 2);
        assertArrayEquals(expected(weight), written(weight));
    }

    @Test
    void randomViewsOfViewsAreTheirDefinition() {
        var random = new Random(20250101);
        for (int i = 0; i < 1500; i++) {
            WeightExpr weight = randomView(random, 1 + random.nextInt(6));
            byte[] is = written(weight);
            int round = i;
            assertTrue(sameOrBothNan(expected(weight), is, weight.type().dtype()), () -> "round " + round + ": " + weight);
            WeightReader.contiguous(weight, STORE).ifPresent(e ->
                    assertArrayEquals(is, e.bytes().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE), weight::toString));
        }
    }

    private static WeightExpr randomView(Random random, int depth) {
        if (depth == 0) {
            int rank = random.nextInt(5);
            long[] shape = LongStream.generate(() -> 1 + random.nextInt(random.nextInt(8) == 0 ? 20 : 5)).limit(rank).toArray();
            DType type = List.of(DType.F64, DType.F32, DType.F16, DType.BF16).get(random.nextInt(4));
            return stored("r" + random.nextInt(), type, shape);
        }
        WeightExpr of = randomView(random, depth - 1);
        long[] shape = of.type().fixedShape();
        int rank = shape.length;
        switch (random.nextInt(5)) {
            case 0 -> {
                if (rank == 0) {
                    return of;
                }
                int axis = random.nextInt(rank);
                long begin = random.nextInt((int) shape[axis] + 1);
                long end = begin + random.nextInt((int) (shape[axis] - begin) + 1);
                return new Slice(of, axis, begin, end);
            }
            case 1 -> {
                if (rank == 0 || of.byteSize() > 4000) {
                    return of;
                }
                int axis = random.nextInt(rank);
                WeightExpr other = new Slice(of, axis, 0, random.nextInt((int) shape[axis] + 1));
                return new Concat(random.nextBoolean() ? List.of(of, other) : List.of(other, of, of), axis);
            }
            case 2 -> {
                var axes = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
                Collections.shuffle(axes, random);
                return new Transpose(of, axes);
            }
            case 3 -> {
                long n = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
                var split = new ArrayList<Long>();
                for (long rest = n; ; ) {
                    long limit = rest;
                    long[] divisors = LongStream.rangeClosed(1, Math.max(1, rest)).filter(d -> limit % d == 0).toArray();
                    if (n == 0 || split.size() == 3 || rest == 1) {
                        split.add(rest);
                        return new Reshape(of, split);
                    }
                    long d = divisors[random.nextInt(divisors.length)];
                    split.add(d);
                    rest /= d;
                }
            }
            default -> {
                return new Cast(of, List.of(DType.F64, DType.F32, DType.F16, DType.BF16).get(random.nextInt(4)));
            }
        }
    }

    @Test
    void contiguousGivesFileAndOffset() {
        var weight = stored("c", DType.F32, 6, 4);
        var rows = WeightReader.contiguous(new Reshape(new Slice(weight, 0, 2, 5), List.of(12L)), STORE).orElseThrow();
        assertEquals(Optional.of(FILE), rows.file());
        assertEquals(FILE_OFFSET + 2 * 4 * 4, rows.offset());
        assertEquals(3 * 4 * 4, rows.bytes().byteSize());
        var ofOneRow = new Slice(new Slice(weight, 0, 1, 2), 1, 1, 3);
        assertEquals(FILE_OFFSET + (4 + 1) * 4, WeightReader.contiguous(ofOneRow, STORE).orElseThrow().offset());
        assertTrue(WeightReader.contiguous(new Slice(weight, 1, 0, 4), STORE).isPresent());
        assertTrue(WeightReader.contiguous(new Transpose(new Reshape(weight, List.of(24L, 1L)), List.of(1, 0)), STORE).isPresent());
        assertFalse(WeightReader.contiguous(new Slice(weight, 1, 0, 3), STORE).isPresent());
        assertFalse(WeightReader.contiguous(new Transpose(weight, List.of(1, 0)), STORE).isPresent());
        assertFalse(WeightReader.contiguous(new Cast(weight, DType.BF16), STORE).isPresent());
        assertFalse(WeightReader.contiguous(new Concat(List.of(weight, weight), 0), STORE).isPresent());
        assertFalse(WeightReader.contiguous(new Inline(TensorType.fixed(DType.F32, 1), List.of(1.0)), STORE).isPresent());
    }

    @Test
    void everyHalfConvertsToFloatExactlyAndBack() {
        for (DType type : List.of(DType.F16, DType.BF16)) {
            byte[] all = new byte[2 << 16];
            var buffer = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < 1 << 16; i++) {
                buffer.putShort((short) i);
            }
            WeightStore store = w -> new WeightStore.Extent(FILE, 0, MemorySegment.ofArray(all));
            var weight = stored("all", type, 1 << 16);
            float[] floats = WeightReader.floats(weight, store);
            for (int i = 0; i < 1 << 16; i++) {
                float expected = type == DType.F16 ? Float.float16ToFloat((short) i) : Float.intBitsToFloat(i << 16);
                assertEquals(expected, floats[i], Integer.toHexString(i));
            }
            for (DType through : List.of(DType.F32, DType.F64)) {
                byte[] back = written(new Cast(new Cast(weight, through), type), store);
                assertTrue(sameOrBothNan(all, back, type), type + " through " + through);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void narrowingRoundsToNearestEvenAndKeepsNan(DType to) {
        var random = new Random(7);
        double[] values = new double[8_000];
        for (int i = 0; i < values.length; i++) {
            // A value of the narrow type, half way to the next, then a nudge too small for a float.
            float narrow = to == DType.F16 ? Float.float16ToFloat((short) random.nextInt()) : Float.intBitsToFloat(random.nextInt() << 16);
            float next = to == DType.F16 ? Float.float16ToFloat((short) (Float.floatToFloat16(narrow) + 1))
                    : Float.intBitsToFloat(Float.floatToRawIntBits(narrow) + 0x10000);
            double half = narrow + (next - (double) narrow) / 2;
            values[i] = switch (i % 4) {
                case 0 -> half;
                case 1 -> Math.nextUp(half);
                case 2 -> Math.nextDown(half);
                default -> random.nextGaussian() * Math.pow(2, random.nextInt(300) - 150);
            };
        }
        values[0] = Double.NaN;
        values[1] = Double.longBitsToDouble(0x7ff0_0000_0000_0001L);
        values[2] = Double.NEGATIVE_INFINITY;
        values[3] = Double.MAX_VALUE;
        values[4] = -Double.MIN_VALUE;
        values[5] = -0.0;
        var doubles = ByteBuffer.allocate(values.length * 8).order(ByteOrder.LITTLE_ENDIAN);
        var floats = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (double v : values) {
            doubles.putDouble(v);
            floats.putFloat((float) v);
        }
        for (DType from : List.of(DType.F64, DType.F32)) {
            byte[] in = from == DType.F64 ? doubles.array() : floats.array();
            byte[] out = written(new Cast(stored("v", from, values.length), to),
                    w -> new WeightStore.Extent(FILE, 0, MemorySegment.ofArray(in)));
            for (int i = 0; i < values.length; i++) {
                byte[] element = Arrays.copyOfRange(in, i * from.bytes(), (i + 1) * from.bytes());
                byte[] is = Arrays.copyOfRange(out, i * 2, i * 2 + 2);
                int at = i;
                assertTrue(sameOrBothNan(convert(element, from, to), is, to), () -> from + " " + values[at] + " gave "
                        + Arrays.toString(is) + ", expected " + Arrays.toString(convert(element, from, to)));
            }
        }
    }

    @Test
    void nanWhosePayloadIsCutStaysNan() {
        byte[] signalling = {1, 0, (byte) 0x80, 0x7f};
        WeightStore store = w -> new WeightStore.Extent(FILE, 0, MemorySegment.ofArray(signalling));
        for (DType to : List.of(DType.F16, DType.BF16, DType.F64)) {
            assertTrue(isNan(written(new Cast(stored("n", DType.F32, 1), to), store), to), to.text());
        }
    }

    @Test
    void numbersOfAnArrayAreAWeight() {
        assertArrayEquals(new float[] {0.1f, -2, 3, 4}, WeightReader.floats(Inline.of(new float[] {0.1f, -2, 3, 4}, 2, 2), STORE));
        assertEquals(TensorType.fixed(DType.F32, 2, 2), Inline.of(new float[4], 2, 2).type());
        assertArrayEquals(new float[] {0.5f, 0.5f, 0.5f}, WeightReader.floats(Inline.filled(0.5, 1, 3), STORE));
        assertThrows(TypeException.class, () -> Inline.of(new float[3], 2, 2));
    }

    @Test
    void floatsOfInlineAndEmpty() {
        assertArrayEquals(new float[] {0.1f, -2}, WeightReader.floats(new Inline(TensorType.fixed(DType.F32, 2), List.of(0.1, -2.0)), STORE));
        assertArrayEquals(new float[0], WeightReader.floats(stored("e", DType.BF16, 0, 3), STORE));
        assertThrows(TypeException.class, () -> WeightReader.floats(stored("i", DType.I64, 2), STORE));
    }

    @Test
    void channelThatTakesFewBytesAtATimeGetsAll() throws IOException {
        var out = new ByteArrayOutputStream();
        WritableByteChannel slow = new WritableByteChannel() {
            @Override
            public int write(ByteBuffer from) {
                int n = Math.min(from.remaining(), 100_003);
                for (int i = 0; i < n; i++) {
                    out.write(from.get());
                }
                return n;
            }

            @Override
            public boolean isOpen() {
                return true;
            }

            @Override
            public void close() {
            }
        };
        var weight = stored("s", DType.F32, 700, 1000);
        WeightReader.write(weight, STORE, slow);
        assertArrayEquals(bytes(weight), out.toByteArray());
    }

    @Test
    void missingWeightIsAnInputError() {
        var weight = new Cast(stored("gone", DType.F32, 2), DType.F16);
        assertThrows(InputException.class, () -> WeightReader.floats(weight, WeightStore.EMPTY));
    }
}
