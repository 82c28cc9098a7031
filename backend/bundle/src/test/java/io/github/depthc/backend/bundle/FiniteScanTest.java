// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class FiniteScanTest {
    private static void put(byte[] to, int at, DType type, long bits) {
        for (int i = 0; i < type.bytes(); i++) {
            to[at + i] = (byte) (bits >>> 8 * i);
        }
    }

    private static boolean isFinite(DType type, long bits) {
        return switch (type) {
            case F64 -> Double.isFinite(Double.longBitsToDouble(bits));
            case F32 -> Float.isFinite(Float.intBitsToFloat((int) bits));
            case F16 -> Float.isFinite(Float.float16ToFloat((short) bits));
            default -> Float.isFinite(Float.intBitsToFloat((int) bits << 16));
        };
    }

    private static boolean scanned(DType type, byte[] bytes) {
        var scan = new FiniteScan();
        scan.begin(type);
        return scan.add(MemorySegment.ofArray(bytes), 0, bytes.length) & scan.end();
    }

    @ParameterizedTest
    @EnumSource(names = {"F64", "F32", "F16", "BF16"})
    void bitsAreJudgedAsJavaDoes(DType type) {
        var random = new Random(1);
        int shift = 64 - 8 * type.bytes();
        for (int i = 0; i < 300_000; i++) {
            // Every pattern of 16 bits; of the wider types random ones, mostly with an exponent of ones or nearly so.
            long bits = type.bytes() == 2 ? i & 0xffff : (random.nextLong() | (i % 4 == 0 ? 0 : 0x7f8L << 52)) >>> shift;
            byte[] bytes = new byte[3 * type.bytes()];
            put(bytes, i % 3 * type.bytes(), type, bits);
            assertEquals(isFinite(type, bits), scanned(type, bytes), () -> type + " " + Long.toHexString(bits));
        }
    }

    /** Elements lie across the ends of the pieces, of the blocks, and anywhere in the file. */
    @ParameterizedTest
    @EnumSource(names = {"F64", "F32", "F16", "BF16"})
    void everyElementIsSeenWhereverItLies(DType type) {
        var random = new Random(2);
        int count = 40_000 / type.bytes();
        for (int round = 0; round < 400; round++) {
            int begin = random.nextInt(20);
            byte[] file = new byte[begin + count * type.bytes() + random.nextInt(20)];
            // Around the weight there may be anything.
            java.util.Arrays.fill(file, 0, begin, (byte) 0xff);
            java.util.Arrays.fill(file, begin + count * type.bytes(), file.length, (byte) 0xff);
            boolean bad = round % 2 == 1;
            if (bad) {
                put(file, begin + random.nextInt(count) * type.bytes(), type, 0x7ff8L << 48 >>> 64 - 8 * type.bytes());
            }
            assertEquals(bad, finds(type, file, begin, count, random), "round " + round);
        }
    }

    private static boolean finds(DType type, byte[] file, int begin, int count, Random random) {
        var weight = new WeightExpr.Stored("checkpoint", "w", TensorType.fixed(type, count));
        WeightStore store = w -> new WeightStore.Extent(Path.of("file"), begin, MemorySegment.ofArray(file).asSlice(begin, w.byteSize()));
        // The same weight and a part of it a second time: both are found once.
        var ranges = new FiniteRanges(List.of(new FiniteRanges.Range(begin, weight.byteSize(), type, weight),
                new FiniteRanges.Range(begin + type.bytes(), 8L * type.bytes(), type, weight)), store);
        try {
            for (int at = 0; at < file.length;) {
                int n = Math.min(file.length - at, 1 + random.nextInt(30_000));
                ranges.pass(at, MemorySegment.ofArray(file).asSlice(at, n));
                at += n;
            }
        } catch (io.github.depthc.ir.InputException e) {
            assertTrue(e.getMessage().startsWith("file: tensor \"w\""), e.getMessage());
            return true;
        }
        return false;
    }

    @Test
    void aStreamBeginsAnew() {
        var scan = new FiniteScan();
        byte[] half = {0, 0, (byte) 0x80, 0x7f}; // an infinity
        scan.begin(DType.F32);
        assertTrue(scan.add(MemorySegment.ofArray(half), 0, 3));
        scan.begin(DType.F32);
        assertTrue(scan.end());
        scan.begin(DType.F32);
        scan.add(MemorySegment.ofArray(half), 0, 4);
        assertFalse(scan.end());
        var list = new ArrayList<Boolean>();
        scan.begin(DType.BF16);
        for (byte b : new byte[] {(byte) 0x80, 0x7f}) {
            list.add(scan.add(MemorySegment.ofArray(new byte[] {b}), 0, 1));
        }
        assertEquals(List.of(true, true), list);
        assertFalse(scan.end());
    }
}
