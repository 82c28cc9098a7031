// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.Counted;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.TypeException;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.Routing;
import java.util.List;
import java.util.Optional;

/**
 * A dense decoder layer, and what is planned for it. Operands: hidden states {@code f32[n, d]}, positions {@code i64[n]}, rows, cache. The region has
 * parameters of the same types and yields the new hidden states and the new cache.
 *
 * @param index    which decoder layer, from 0
 * @param selected true if it is to become a Mixture-of-Depths layer
 * @param ratio    the retention ratio planned for it, 0 to 1
 */
public record Layer(int index, boolean selected, double ratio) implements DecoderLayer {
    /** Places of the operands. */
    public static final int HIDDEN = 0;
    public static final int POSITIONS = 1;
    public static final int ROWS = 2;
    public static final int CACHE = 3;
    public static final int OPERANDS = 4;

    public Layer {
        Expect.attribute(index >= 0, "index is " + index + ", expected 0 or more");
        Expect.attribute(ratio >= 0 && ratio <= 1, "ratio is " + ratio + ", expected 0 to 1");
    }

    /** A layer for which nothing is planned. */
    public Layer(int index) {
        this(index, false, 1);
    }

    @Override
    public String mnemonic() {
        return "layer";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        Expect.count(operands, OPERANDS);
        return inferBody(operands, regions);
    }

    @Override
    public Optional<Routing> routed() {
        return Optional.empty();
    }

    /** This layer, its body in its place. */
    @Override
    public List<Value> lower(Node node, List<Value> operands, RegionBuilder b) {
        b.map(node.region().params(), operands.subList(0, OPERANDS));
        return b.inline(node.region());
    }

    /** Checks the first four operands and the region; gives the types of the new hidden states and cache. */
    public static List<Type> inferBody(List<Type> operands, List<Region> regions) {
        TensorType x = Expect.tensor(operands, HIDDEN, DType.F32, 2);
        Expect.same(operands, POSITIONS, TensorType.of(DType.I64, x.dim(0)));
        Expect.same(operands, ROWS, new RowsType(x.dim(0)));
        CacheType cache = Expect.cache(operands, CACHE);
        if (regions.size() != 1) {
            throw new TypeException("has " + Counted.of(regions.size(), "region") + ", expected 1");
        }
        Region body = regions.getFirst();
        List<Type> params = body.params().stream().map(Param::type).toList();
        if (!params.equals(operands.subList(0, OPERANDS))) {
            throw new TypeException("the region has parameters " + params + ", expected " + operands.subList(0, OPERANDS));
        }
        List<Type> yields = body.yields().stream().map(Value::type).toList();
        if (!yields.equals(List.of(x, cache))) {
            throw new TypeException("the region yields " + yields + ", expected " + List.of(x, cache));
        }
        return List.of(x, cache);
    }
}
