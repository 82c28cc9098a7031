// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.op;

import io.github.depthc.ir.Counted;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.Lowerable;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.TypeException;
import io.github.depthc.ir.Value;
import java.util.List;

/**
 * A stretch of the graph that is computed as one: on a GPU, by one engine. The region has a parameter for each operand, of its type; the results
 * are what it yields. All its ops compute each row by itself, and its weights stand inside.
 *
 * @param index which segment, from 0, in the order in which they run
 */
public record Segment(int index) implements Lowerable {
    public Segment {
        Expect.attribute(index >= 0, "index is " + index + ", expected 0 or more");
    }

    @Override
    public String mnemonic() {
        return "segment";
    }

    @Override
    public List<Type> infer(List<Type> operands, List<Region> regions) {
        if (regions.size() != 1) {
            throw new TypeException("has " + Counted.of(regions.size(), "region") + ", expected 1");
        }
        Region body = regions.getFirst();
        List<Type> params = body.params().stream().map(Param::type).toList();
        if (!params.equals(operands)) {
            throw new TypeException("the region has parameters " + params + ", expected " + operands);
        }
        return body.yields().stream().map(Value::type).toList();
    }

    /** Its body in its place. */
    @Override
    public List<Value> lower(Node node, List<Value> operands, RegionBuilder b) {
        b.map(node.region().params(), operands);
        return b.inline(node.region());
    }
}
