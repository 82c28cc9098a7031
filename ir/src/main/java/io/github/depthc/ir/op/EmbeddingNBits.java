// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/**
 * {@link Embedding} with a table in integers: ids {@code i64[n]}, codes {@code u8[vocab, d / block, block · bits / 8]}, scales
 * {@code f32[vocab, d / block]}, as of a {@link io.github.depthc.ir.weight.WeightExpr.Quantized} whose rows are whole blocks; codes {@code i8} are
 * in two's complement.
 *
 * @param bits  bits of a code, 4 or 8
 * @param block elements of a block
 */
public record EmbeddingNBits(int bits, int block) implements OpKind {
    @Override
    public String mnemonic() {
        return "embedding_nbits";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 3);
        Expect.noRegions(regions);
        TensorType ids = Expect.tensor(operands, 0, DType.I64, 1);
        long d = Expect.tensor(operands, 1, LinearNBits.isSigned(operands, 1) ? DType.I8 : DType.U8, 3).fixedShape()[1] * block;
        LinearNBits.codes(operands, 1, d, bits, block);
        return List.of(TensorType.of(DType.F32, ids.dim(0), Dim.of(d)));
    }

    @Override
    public List<Integer> rowWise(List<Type> operands) {
        return List.of(0);
    }
}
