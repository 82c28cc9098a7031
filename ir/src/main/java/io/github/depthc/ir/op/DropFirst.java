// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/**
 * All tokens of each image but its first, the class token: x {@code [n, d]}, packed image by image, result {@code [left, d]}.
 *
 * @param length tokens of one image, at least 2
 * @param left   name of the dimension of the result
 */
public record DropFirst(int length, String left) implements OpKind {
    public DropFirst {
        Expect.attribute(length > 1, "length is " + length + ", expected at least 2");
    }

    @Override
    public String mnemonic() {
        return "drop_first";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 1);
        Expect.noRegions(regions);
        TensorType x = Expect.floats(operands, 0);
        Expect.attribute(x.rank() == 2, "operand 0 has type " + x + ", expected a matrix");
        return List.of(x.withFirst(Dim.of(left)));
    }
}
