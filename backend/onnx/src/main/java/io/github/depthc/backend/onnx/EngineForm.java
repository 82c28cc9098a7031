// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModGather;
import io.github.depthc.ir.op.GatherRows;
import io.github.depthc.ir.op.RotaryTable;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/**
 * A graph for a builder of strongly typed engines: operators that all of them know, products of matrices in one type, and hidden states that
 * come in and go out in that type too. What stands between two products (norms, activations, rotations, sums) is computed in F32, as the
 * reference implementations of 16-bit models do for norms, and joined by the engine with its neighbours.
 *
 * <p>F32 stay: vectors (scores, gates), tables of angles, and logits.
 */
public final class EngineForm {
    private final DType rowType;
    private final Set<Value> held;

    private EngineForm(DType rowType, Set<Value> held) {
        this.rowType = rowType;
        this.held = held;
    }

    /**
     * The form of a graph and of the segments in it.
     *
     * @param rowType element type of matrices and hidden states: F32, BF16 or F16
     */
    public static EngineForm of(Region graph, DType rowType) {
        if (rowType != DType.F32 && rowType != DType.BF16 && rowType != DType.F16) {
            throw new IllegalArgumentException("hidden states of type " + rowType);
        }
        Set<Value> held = Collections.newSetFromMap(new IdentityHashMap<>());
        graph.params().stream().filter(EngineForm::isMatrix).forEach(held::add);
        for (Node node : graph.nodes()) {
            boolean gathers = node.kind() instanceof ModGather || node.kind() instanceof GatherRows;
            boolean angles = node.kind() instanceof RotaryTable || gathers && !held.contains(node.operand(0));
            if (!angles) {
                node.results().stream().filter(EngineForm::isMatrix).forEach(held::add);
            }
        }
        held.remove(graph.yields().getFirst());
        return new EngineForm(rowType, held);
    }

    private static boolean isMatrix(Value value) {
        return value.type() instanceof TensorType t && t.dtype() == DType.F32 && t.rank() > 1;
    }

    /** The form of a segment's body: what its operands and results have outside. */
    public EngineForm inside(Node segment) {
        Region body = segment.region();
        Set<Value> inside = Collections.newSetFromMap(new IdentityHashMap<>());
        for (int i = 0; i < body.params().size(); i++) {
            if (held.contains(segment.operand(i))) {
                inside.add(body.param(i));
            }
        }
        for (Result r : segment.results()) {
            if (held.contains(r)) {
                inside.add(body.yields().get(r.index()));
            }
        }
        return new EngineForm(rowType, inside);
    }

    /** Element type of matrices and hidden states. */
    public DType rowType() {
        return rowType;
    }

    /** The element type of a value of the graph on a device or in ONNX, F32 in the IR. */
    public DType ofFloats(Value value) {
        return held.contains(value) ? rowType : DType.F32;
    }
}
