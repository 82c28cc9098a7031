// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.weight;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.TypeException;
import io.github.depthc.ir.weight.WeightExpr.Inline;
import io.github.depthc.ir.weight.WeightExpr.Quantized;
import io.github.depthc.ir.weight.WeightExpr.Quantized.Part;
import io.github.depthc.ir.weight.WeightExpr.Quantized.Scales;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class QuantizedReaderTest {
    private static final int OUT = 7;
    // not a multiple of a block
    private static final int IN = 75;
    private static final int BLOCK = 32;
    private static final int BLOCKS = 3;

    private static byte[] bytes(WeightExpr weight) {
        var out = new ByteArrayOutputStream();
        try {
            WeightReader.write(weight, WeightStore.EMPTY, Channels.newChannel(out));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return out.toByteArray();
    }

    private static float[] random() {
        var random = new Random(5);
        float[] values = new float[OUT * IN];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * Math.exp(random.nextGaussian()));
        }
        return values;
    }

    private static int code(byte[] codes, int bits, int row, int column) {
        int at = row * BLOCKS * BLOCK + column;
        return bits == 8 ? codes[at] & 0xff : codes[at / 2] >> (at % 2 == 0 ? 0 : 4) & 0xf;
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 8})
    void everyElementIsWithinHalfAStep(int bits) {
        float[] values = random();
        Inline weight = Inline.of(values, OUT, IN);
        byte[] codes = bytes(new Quantized(weight, bits, BLOCK, Part.CODES));
        float[] scales = WeightReader.floats(new Quantized(weight, bits, BLOCK, Part.SCALES), WeightStore.EMPTY);
        float[] back = WeightReader.floats(new Quantized(weight, bits, BLOCK, Part.VALUES), WeightStore.EMPTY);
        assertEquals(OUT * BLOCKS * BLOCK * bits / 8, codes.length);
        assertEquals(OUT * BLOCKS, scales.length);
        int zero = bits == 8 ? 128 : 8;
        int exact = 0;
        for (int row = 0; row < OUT; row++) {
            for (int column = 0; column < BLOCKS * BLOCK; column++) {
                int code = code(codes, bits, row, column);
                float scale = scales[row * BLOCKS + column / BLOCK];
                if (column >= IN) {
                    assertEquals(zero, code, "beyond the row");
                    continue;
                }
                float value = values[row * IN + column];
                assertEquals((code - zero) * scale, back[row * IN + column]);
                // the far end of the range that the largest does not use is one step short
                double most = code == 2 * zero - 1 ? 1 : 0.5;
                assertTrue(Math.abs(value - back[row * IN + column]) <= most * Math.abs(scale) * 1.0001, value + " as " + back[row * IN + column]);
                exact += code == 0 ? 1 : 0;
            }
        }
        assertTrue(exact >= OUT * BLOCKS, "the largest of each block is exact");
    }

    /** No element is beyond the codes, of either sign, and the scale is the least such number of its type. */
    @ParameterizedTest
    @CsvSource({"4, F32", "8, F32", "4, BF16", "8, BF16", "4, F16", "8, F16"})
    void positiveScalesFitEveryElement(int bits, Scales scales) {
        float[] values = random();
        Inline weight = Inline.of(values, OUT, IN);
        byte[] codes = bytes(new Quantized(weight, bits, BLOCK, Part.SIGNED, scales));
        byte[] unsigned = bytes(new Quantized(weight, bits, BLOCK, Part.CODES, scales));
        float[] steps = WeightReader.floats(new Quantized(weight, bits, BLOCK, Part.SCALES, scales), WeightStore.EMPTY);
        float[] back = WeightReader.floats(new Quantized(weight, bits, BLOCK, Part.VALUES, scales), WeightStore.EMPTY);
        int zero = bits == 8 ? 128 : 8;
        for (int row = 0; row < OUT; row++) {
            for (int column = 0; column < IN; column++) {
                int at = row * BLOCKS * BLOCK + column;
                int code = bits == 8 ? codes[at] : codes[at / 2] << (at % 2 == 0 ? 28 : 24) >> 28;
                assertEquals(code(unsigned, bits, row, column) - zero, code);
                float scale = steps[row * BLOCKS + column / BLOCK];
                float value = values[row * IN + column];
                assertTrue(scale > 0, "scale " + scale);
                assertEquals(code * scale, back[row * IN + column]);
                assertTrue(Math.abs(value - code * scale) <= 0.5 * scale * 1.0001, value + " as " + code + " · " + scale);
            }
        }
        for (int i = 0; i < steps.length; i++) {
            float least = 0;
            for (int column = i % BLOCKS * BLOCK; column < Math.min(IN, (i % BLOCKS + 1) * BLOCK); column++) {
                float value = values[i / BLOCKS * IN + column];
                least = Math.max(least, value > 0 ? value / (zero - 1) : -value / zero);
            }
            float below = switch (scales) {
                case F16 -> Float.float16ToFloat((short) (Float.floatToFloat16(steps[i]) - 1));
                case BF16 -> Float.intBitsToFloat(Float.floatToRawIntBits(steps[i]) - 0x10000);
                default -> Math.nextDown(steps[i]);
            };
            assertTrue(steps[i] >= least && below < least, steps[i] + " for " + least);
        }
    }

    /** A scale may be a number of its type where what the codes stand for is none. */
    @ParameterizedTest
    @CsvSource({"4, F16, 60000, 1e5", "8, F16, -65000, 1e6", "8, F16, 65000, 65504", "8, BF16, 3e38, 3.4e38", "4, BF16, -3e38, -3.4e38", "8, EITHER_SIGN, 3.4e38, Infinity",
        "8, F32, 1e38, NaN"})
    void valuesThatTheTypeOfTheScalesDoesNotHaveHaveNoScale(int bits, Scales scales, float most, float beyond) {
        float[] values = new float[2 * BLOCK];
        Arrays.fill(values, 1);
        values[3] = most;
        values[BLOCK + 5] = beyond;
        float[] steps = WeightReader.floats(new Quantized(Inline.of(values, 2, BLOCK), bits, BLOCK, Part.SCALES, scales), WeightStore.EMPTY);
        assertTrue(Float.isFinite(steps[0]), "scale " + steps[0]);
        assertFalse(Float.isFinite(steps[1]), "scale " + steps[1]);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F16"})
    void everyScaleOfAnEngineIsPositive(Scales scales) {
        float[] values = new float[3 * BLOCK];
        values[BLOCK] = 1e-40f;
        values[2 * BLOCK] = -1e-7f;
        Inline weight = Inline.of(values, 3, BLOCK);
        float[] steps = WeightReader.floats(new Quantized(weight, 8, BLOCK, Part.SCALES, scales), WeightStore.EMPTY);
        assertEquals(1, steps[0]);
        assertEquals(scales == Scales.F16 ? 0x1p-24f : Float.MIN_NORMAL, steps[1]);
        assertTrue(steps[2] > 0 && steps[2] < 1e-7f, "scale " + steps[2]);
        byte[] codes = bytes(new Quantized(weight, 8, BLOCK, Part.SIGNED, scales));
        assertEquals(0, codes[0]);
        assertEquals(0, codes[BLOCK]);
        assertTrue(codes[2 * BLOCK] < 0);
        values[5] = Float.NaN;
        assertTrue(Float.isNaN(WeightReader.floats(new Quantized(Inline.of(values, 3, BLOCK), 8, BLOCK, Part.SCALES, scales), WeightStore.EMPTY)[0]));
    }

    @Test
    void partsOfItAreReadLikeTheWhole() {
        Inline weight = Inline.of(random(), OUT, IN);
        var whole = new Quantized(weight, 8, BLOCK, Part.VALUES);
        float[] all = WeightReader.floats(whole, WeightStore.EMPTY);
        float[] part = WeightReader.floats(new WeightExpr.Slice(new WeightExpr.Slice(whole, 0, 2, 5), 1, 30, 40), WeightStore.EMPTY);
        for (int i = 0; i < part.length; i++) {
            assertEquals(all[(2 + i / 10) * IN + 30 + i % 10], part[i]);
        }
        var flat = new WeightExpr.Reshape(new Quantized(weight, 4, BLOCK, Part.CODES), java.util.List.of((long) OUT, (long) BLOCKS * BLOCK / 2));
        assertArrayEquals(bytes(new Quantized(weight, 4, BLOCK, Part.CODES)), bytes(flat));
    }

    @Test
    void aBlockOfZerosIsZero() {
        float[] values = new float[BLOCK];
        assertArrayEquals(values, WeightReader.floats(new Quantized(Inline.of(values, 1, BLOCK), 4, BLOCK, Part.VALUES), WeightStore.EMPTY));
        values[3] = Float.MIN_VALUE;
        assertArrayEquals(new float[BLOCK], WeightReader.floats(new Quantized(Inline.of(values, 1, BLOCK), 8, BLOCK, Part.VALUES), WeightStore.EMPTY));
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void whatIsNotFiniteShowsInTheScale(float bad) {
        float[] values = random();
        values[IN + 40] = bad;
        float[] scales = WeightReader.floats(new Quantized(Inline.of(values, OUT, IN), 8, BLOCK, Part.SCALES), WeightStore.EMPTY);
        for (int i = 0; i < scales.length; i++) {
            assertEquals(i != BLOCKS + 1, Float.isFinite(scales[i]), "scale " + i);
        }
    }

    @Test
    void theErrorIsThatOfItsValues() {
        float[] values = random();
        var weight = new Quantized(Inline.of(values, OUT, IN), 4, BLOCK, Part.CODES);
        float[] back = WeightReader.floats(new Quantized(weight.of(), 4, BLOCK, Part.VALUES), WeightStore.EMPTY);
        double difference = 0;
        double whole = 0;
        for (int i = 0; i < values.length; i++) {
            difference += Math.pow((double) values[i] - back[i], 2);
            whole += (double) values[i] * values[i];
        }
        QuantizationError error = QuantizationError.of(weight, WeightStore.EMPTY);
        assertEquals(Math.sqrt(difference / whole), error.relative(), 1e-6);
        assertTrue(error.relative() > 0.01 && error.relative() < 0.2, error.toString());
    }

    @Test
    void whatCannotBeQuantizedIsRefused() {
        TensorType matrix = TensorType.fixed(DType.F32, 2, 3);
        var stored = new WeightExpr.Stored("s", "n", matrix);
        assertEquals("bits is 5, expected 4 or 8", assertThrows(TypeException.class, () -> new Quantized(stored, 5, 32, Part.CODES)).getMessage());
        assertEquals("block is 48, expected 16, 32, 64, 128 or 256", assertThrows(TypeException.class, () -> new Quantized(stored, 4, 48, Part.CODES)).getMessage());
        var vector = new WeightExpr.Stored("s", "n", TensorType.fixed(DType.F32, 3));
        assertEquals("cannot quantize f32[3]: expected a floating point matrix [out, in]",
                assertThrows(TypeException.class, () -> new Quantized(vector, 4, 32, Part.CODES)).getMessage());
    }
}
