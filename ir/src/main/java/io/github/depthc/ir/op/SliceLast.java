// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;

/** Elements {@code begin} to {@code end} (exclusive) of the last dimension. */
public record SliceLast(long begin, long end) implements OpKind {
    @Override
    public String mnemonic() {
        return "slice_last";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, 1);
        Expect.noRegions(regions);
        TensorType x = Expect.floats(operands, 0);
        Expect.attribute(0 <= begin && begin < end && end <= x.lastSize(),
                "range [" + begin + ", " + end + ") is outside the last dimension of " + x);
        return List.of(x.withLast(Dim.of(end - begin)));
    }

    @Override
    public List<Integer> rowWise(List<Type> operands) {
        return ((TensorType) operands.get(0)).rank() > 1 ? List.of(0) : List.of();
    }
}
