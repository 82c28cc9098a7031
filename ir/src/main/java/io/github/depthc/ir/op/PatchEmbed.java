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
 * The embeddings of a vision transformer ({@code CLIPVisionEmbeddings} of transformers): a convolution whose stride is its size makes
 * one token of each square, row by row; a class token stands before them; a learned position is added to each.
 *
 * <p>Operands: pixels {@code f32[n, 3, s, s]}, convolution {@code [d, 3, p, p]} with p a divisor of s, class token {@code [d]},
 * positions {@code [1 + (s/p)², d]}. Result {@code f32[tokens, d]}, packed image by image.
 *
 * @param tokens name of the dimension of the result
 */
public record PatchEmbed(String tokens) implements OpKind {
    @Override
    public String mnemonic() {
        return "patch_embed";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 4);
        Expect.noRegions(regions);
        TensorType pixels = Expect.tensor(operands, 0, DType.F32, 4);
        TensorType w = Expect.floats(operands, 1);
        Expect.attribute(w.rank() == 4, "operand 1 has type " + w + ", expected a convolution [out, in, size, size]");
        long[] shape = w.fixedShape();
        long side = pixels.lastSize();
        boolean square = pixels.dim(1).equals(Dim.of(shape[1])) && pixels.dim(2).equals(pixels.dim(3)) && shape[2] == shape[3] && side % shape[2] == 0;
        Expect.attribute(square, "operand 0 has type " + pixels + ", expected square images that " + w + " divides");
        Expect.weight(operands, 2, shape[0]);
        Expect.weight(operands, 3, 1 + side / shape[2] * (side / shape[2]), shape[0]);
        return List.of(TensorType.of(DType.F32, Dim.of(tokens), Dim.of(shape[0])));
    }

    @Override
    public OpCost cost(List<Type> operands, OpCost.Sizes sizes) {
        long[] w = ((TensorType) operands.get(1)).fixedShape();
        return new OpCost(2 * sizes.of((TensorType) operands.get(0)) * w[0], 0, 0);
    }
}
