// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.weight;

import io.github.depthc.ir.weight.WeightExpr.Quantized.Part;
import io.github.depthc.ir.weight.WeightExpr.Quantized.Scales;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** A part of a {@link WeightExpr.Quantized}, row by row of the matrix; plain loops over arrays, which the JIT compiler vectorises. */
final class QuantizedReader extends RowReader {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final ElementReader of;
    private final Part part;
    private final Scales rule;
    private final int bits;
    private final int block;
    private final int in;
    private final int width;
    private final float[] row;
    private final int[] codes;
    private final float[] scales;
    private final byte[] packed;
    // The row that the arrays hold.
    private long held = -1;

    QuantizedReader(ElementReader of, WeightExpr.Quantized weight) {
        long[] shape = weight.type().fixedShape();
        long width = Readers.inner(shape, 1, shape.length);
        super(weight.type().dtype().bytes(), shape[0] * width, width);
        this.of = of;
        this.part = weight.part();
        this.rule = weight.scales();
        this.bits = weight.bits();
        this.block = weight.block();
        this.in = Math.toIntExact(weight.of().type().fixedShape()[1]);
        this.width = Math.toIntExact(width);
        int blocks = Math.ceilDiv(in, block);
        this.row = new float[Math.multiplyExact(blocks, block)];
        this.codes = new int[row.length];
        this.scales = new float[blocks];
        this.packed = new byte[row.length * bits / 8];
    }

    @Override
    void readRows(long first, long column, long rowStep, int rows, int run, MemorySegment to, long at, long toStep) {
        for (int i = 0; i < rows; i++) {
            hold(first + i * rowStep);
            long target = at + i * toStep;
            switch (part) {
                case CODES, SIGNED -> MemorySegment.copy(packed, (int) column, to, ValueLayout.JAVA_BYTE, target, run);
                case SCALES -> MemorySegment.copy(scales, (int) column, to, F32, target * Float.BYTES, run);
                case VALUES -> MemorySegment.copy(row, (int) column, to, F32, target * Float.BYTES, run);
            }
        }
    }

    private void hold(long index) {
        if (index == held) {
            return;
        }
        of.read(index * in, in, 1, in, MemorySegment.ofArray(row), 0, in);
        for (int b = 0; b < scales.length; b++) {
            quantize(b);
        }
        if (part == Part.CODES || part == Part.SIGNED) {
            pack(part == Part.CODES ? 0 : bits == 8 ? 0x80 : 0x88);
        }
        held = index;
    }

    private void quantize(int b) {
        int zero = 1 << bits - 1;
        int begin = b * block;
        int end = begin + block;
        float most = 0;
        float least = 0;
        float notFinite = 0;
        for (int i = begin; i < end; i++) {
            most = Math.max(most, row[i]);
            least = Math.min(least, row[i]);
            notFinite += row[i] * 0f;
        }
        float scale = (rule == Scales.EITHER_SIGN ? (most > -least ? most : least) / -zero : positive(Math.max(most / (zero - 1), -least / zero))) + notFinite;
        float inverse = scale == 0 ? 0 : 1 / scale;
        // A scale this small has no inverse: what it would stand for is nothing.
        if (Float.isInfinite(inverse)) {
            scale = 0;
            inverse = 0;
        }
        // What the codes stand for must be a number of the type too: with an infinite scale it is none, and refused.
        boolean beyond = Math.max(Math.abs((code(most, inverse) - zero) * scale), Math.abs((code(least, inverse) - zero) * scale)) >= rule.infinite();
        scales[b] = beyond ? Float.POSITIVE_INFINITY : scale;
        if (part == Part.SCALES) {
            return;
        }
        for (int i = begin; i < end; i++) {
            codes[i] = code(row[i], inverse);
        }
        if (part == Part.VALUES) {
            for (int i = begin; i < end; i++) {
                row[i] = (codes[i] - zero) * scale;
            }
        }
    }

    private int code(float value, float inverse) {
        int zero = 1 << bits - 1;
        return Math.clamp((int) (value * inverse + (zero + 0.5f)), 0, 2 * zero - 1);
    }

    /** The least number of the scales' type that is not below this one, which is not negative; 1 for 0. */
    private float positive(float least) {
        if (least == 0) {
            return 1;
        }
        if (rule == Scales.F16) {
            short nearest = Float.floatToFloat16(least);
            return Float.float16ToFloat(Float.float16ToFloat(nearest) < least ? (short) (nearest + 1) : nearest);
        }
        // Below this a number has no inverse; the lower half of the bits is what BF16 lacks.
        int bits = Float.floatToRawIntBits(Math.max(least, Float.MIN_NORMAL));
        return rule == Scales.F32 ? Float.intBitsToFloat(bits) : Float.intBitsToFloat(bits + 0xffff & 0xffff0000);
    }

    /** @param flipped bits of a byte: the highest one of each code, for two's complement */
    private void pack(int flipped) {
        if (bits == 8) {
            for (int i = 0; i < packed.length; i++) {
                packed[i] = (byte) (codes[i] ^ flipped);
            }
        } else {
            for (int i = 0; i < packed.length; i++) {
                packed[i] = (byte) ((codes[2 * i] | codes[2 * i + 1] << 4) ^ flipped);
            }
        }
    }
}
