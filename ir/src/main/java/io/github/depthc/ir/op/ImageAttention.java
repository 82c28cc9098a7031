// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpCost;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/**
 * Attention of all tokens of an image to each other, with scale {@code 1 / √(d / heads)}: q, k, v {@code f32[n, d]}, packed image by
 * image, result as q. Images are of one length, so that no rows value is needed.
 *
 * @param heads  heads of queries, keys and values, a divisor of d
 * @param length tokens of one image
 */
public record ImageAttention(int heads, int length) implements OpKind {
    public ImageAttention {
        Expect.attribute(heads > 0 && length > 0, "heads is " + heads + " and length is " + length + ", expected at least 1");
    }

    @Override
    public String mnemonic() {
        return "image_attention";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 3);
        Expect.noRegions(regions);
        TensorType q = Expect.tensor(operands, 0, DType.F32, 2);
        Expect.attribute(q.lastSize() % heads == 0, "operand 0 has type " + q + ", expected a width that " + heads + " heads divide");
        Expect.same(operands, 1, q);
        Expect.same(operands, 2, q);
        return List.of(q);
    }

    @Override
    public OpCost cost(List<Type> operands, OpCost.Sizes sizes) {
        return new OpCost(0, 4 * sizes.of((TensorType) operands.get(0)) * length, 0);
    }
}
