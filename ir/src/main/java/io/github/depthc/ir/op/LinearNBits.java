// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpCost;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/**
 * {@link Linear} with a matrix in integers: x {@code [n, in]}, codes {@code u8[out, blocks, block · bits / 8]}, scales
 * {@code f32[out, blocks]}, as of a {@link io.github.depthc.ir.weight.WeightExpr.Quantized}, optional b {@code [out]}. Runtimes may round x to
 * integers too, in blocks of the same size; not where the codes are {@code i8}, in two's complement, with rows of whole blocks, as engines take them.
 *
 * @param bits  bits of a code, 4 or 8
 * @param block elements of a block
 */
public record LinearNBits(int bits, int block) implements OpKind {
    @Override
    public String mnemonic() {
        return "linear_nbits";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 3, 4);
        Expect.noRegions(regions);
        TensorType x = Expect.floats(operands, 0);
        long out = codes(operands, 1, x.lastSize(), bits, block);
        if (operands.size() == 4) {
            Expect.weight(operands, 3, out);
        }
        return List.of(x.withLast(Dim.of(out)));
    }

    /** Checks codes and, behind them, scales of a matrix {@code [out, in]}; gives {@code out}. */
    static long codes(List<Type> operands, int index, long in, int bits, int block) {
        Expect.attribute((bits == 4 || bits == 8) && block > 0, "bits is " + bits + " and block " + block + ", expected 4 or 8 bits and a block of at least one");
        boolean signed = isSigned(operands, index);
        Expect.attribute(!signed || in % block == 0, "operand " + index + " has signed codes for rows of " + in + ", expected a multiple of the block of " + block);
        TensorType codes = Expect.tensor(operands, index, signed ? DType.I8 : DType.U8, 3);
        long out = codes.fixedShape()[0];
        long blocks = (in + block - 1) / block;
        TensorType expected = TensorType.fixed(codes.dtype(), out, blocks, (long) block * bits / 8);
        Expect.attribute(codes.equals(expected), "operand " + index + " has type " + codes + ", expected " + expected);
        Expect.weight(operands, index + 1, out, blocks);
        return out;
    }

    /** Whether codes are in two's complement, and not counted from {@code −2^(bits − 1)}. */
    static boolean isSigned(List<Type> operands, int index) {
        return operands.get(index) instanceof TensorType t && t.dtype() == DType.I8;
    }

    @Override
    public OpCost cost(List<Type> operands, OpCost.Sizes sizes) {
        TensorType x = (TensorType) operands.get(0);
        return OpCost.product(x, TensorType.fixed(DType.F32, ((TensorType) operands.get(1)).fixedShape()[0], x.lastSize()), sizes);
    }

    @Override
    public List<Integer> rowWise(List<Type> operands) {
        return ((TensorType) operands.get(0)).rank() > 1 ? List.of(0) : List.of();
    }
}
