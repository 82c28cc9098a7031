// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import static io.github.depthc.backend.kernels.Buffers.requireBytes;
import static io.github.depthc.backend.kernels.Buffers.requireFloats;
import static io.github.depthc.backend.kernels.Buffers.requireInts;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.stream.IntStream;

/** Conversions of numbers, tables of positions. */
final class ElementCases {
    private static final int CONVERTED = 1 << 16;
    private static final int[] ANGLES = {1, 4, 64};

    private ElementCases() {
    }

    /** Numbers of every exponent, halves between neighbours, subnormals, infinities. */
    static int conversions(KernelRunner runner, Precision precision) {
        try (var b = new Buffers(runner, precision, new Random(8), 0)) {
            int n = CONVERTED;
            MemorySegment floats = b.floats(n);
            var random = new Random(8);
            for (int i = 0; i < n; i++) {
                int bits = random.nextInt();
                float x = i < KernelCases.SPECIAL.length ? KernelCases.SPECIAL[i] : Float.intBitsToFloat(switch (i % 4) {
                    case 0 -> bits;
                    case 1 -> bits & 0xffff8000;
                    case 2 -> bits & 0xfffff000;
                    default -> Float.floatToRawIntBits((float) Math.scalb(random.nextGaussian(), random.nextInt(40) - 26));
                });
                floats.setAtIndex(JAVA_FLOAT, i, Float.isNaN(x) ? Float.POSITIVE_INFINITY : x);
            }
            Launch launch = Kernel.NARROW.launch(Sizes.of(Size.ELEMENTS, n));
            MemorySegment found = b.rows(n);
            b.launch(Kernel.NARROW, launch, floats, (long) n, found);
            requireBytes(b.narrow(floats, b.rows(n)), found, "narrow");
            MemorySegment nan = b.floats(Float.NaN, Float.intBitsToFloat(0x7f800001), Float.intBitsToFloat(0xffffffff));
            MemorySegment stored = b.rows(3);
            b.launch(Kernel.NARROW, launch, nan, 3L, stored);
            requireFloats(b.floats(Float.NaN, Float.NaN, Float.NaN), b.widen(stored), 0, "NaN");
            b.checkGuards();
        }
        return CONVERTED;
    }

    /** Angles of positions up to 2^20, and places of tokens that were all computed. */
    static int positions(KernelRunner runner, Precision precision) {
        var random = new Random(9);
        int[] counts = {1, 33, 300};
        for (int n : counts) {
            for (int angles : ANGLES) {
                try (var b = new Buffers(runner, precision, random, 0)) {
                    int[] positions = IntStream.range(0, n).map(i -> random.nextInt(i % 2 == 0 ? 4096 : 1 << 20)).toArray();
                    float[] inverse = new float[angles];
                    float[] longInverse = new float[angles];
                    for (int j = 0; j < angles; j++) {
                        inverse[j] = (float) Math.pow(10_000, -j / (double) angles);
                        longInverse[j] = inverse[j] / 4;
                    }
                    long from = 2000;
                    float factor = 1.25f;
                    MemorySegment cos = b.floats((long) n * angles);
                    MemorySegment sin = b.floats((long) n * angles);
                    b.launch(Kernel.ROTARY_TABLE, Kernel.ROTARY_TABLE.launch(Sizes.of(Size.ELEMENTS, (long) n * angles)), b.ints(positions), n,
                            b.floats(inverse), b.floats(longInverse), from, angles, factor, cos, sin);
                    MemorySegment expectedCos = b.floats((long) n * angles);
                    MemorySegment expectedSin = b.floats((long) n * angles);
                    for (int i = 0; i < n * angles; i++) {
                        float angle = (float) positions[i / angles] * (positions[i / angles] >= from ? longInverse : inverse)[i % angles];
                        expectedCos.setAtIndex(JAVA_FLOAT, i, (float) Math.cos(angle) * factor);
                        expectedSin.setAtIndex(JAVA_FLOAT, i, (float) Math.sin(angle) * factor);
                    }
                    requireFloats(expectedCos, cos, 1e-6, "rotary_table, cos");
                    requireFloats(expectedSin, sin, 1e-6, "rotary_table, sin");

                    MemorySegment mask = Tokens.of(b, random, 0.5, n).candidates();
                    MemorySegment inPlace = b.floats(n);
                    b.launch(Kernel.KEEP_IN_PLACE, Kernel.KEEP_IN_PLACE.launch(Sizes.of(Size.ELEMENTS, n)), mask, n, inPlace);
                    requireInts(b.ints(IntStream.range(0, n).map(t -> mask.get(JAVA_BYTE, t) != 0 ? t : -1).toArray()), inPlace, "keep_in_place");
                    b.checkGuards();
                }
            }
        }
        return counts.length * ANGLES.length;
    }
}
