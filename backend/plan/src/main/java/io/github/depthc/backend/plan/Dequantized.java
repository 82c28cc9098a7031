// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import io.github.depthc.backend.kernels.host.HostRows;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.LinearNBits;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightReader;
import io.github.depthc.ir.weight.WeightStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The matrices that engines read as integers in F32, exactly what their codes stand for, and beside them all other weights. */
final class Dequantized implements WeightStore {
    private static final String SOURCE = "dequantized";

    private final WeightStore others;
    private final Arena arena;
    private final Map<WeightExpr, WeightExpr.Stored> known = new HashMap<>();
    private final Map<String, MemorySegment> matrices = new HashMap<>();

    /** @param arena of the matrices */
    Dequantized(WeightStore others, Arena arena) {
        this.others = others;
        this.arena = arena;
    }

    /** Codes in two's complement, where they are mapped. */
    static MemorySegment codes(WeightExpr weight, WeightStore store) {
        return WeightReader.contiguous(weight, store).orElseThrow(() -> new IllegalArgumentException("codes that are not stored: " + weight)).bytes();
    }

    /** A segment with linear layers in the place of those in integers. */
    Region in(Region body) {
        var b = new RegionBuilder();
        b.copyParams(body);
        for (Node node : body.nodes()) {
            if (node.kind() instanceof LinearNBits kind && node.operand(1).tensor().dtype() == DType.I8) {
                var operands = new ArrayList<Value>(List.of(b.value(node.operand(0)), b.add(node.result(0).name() + "_w", new Weight(matrix(node, kind)))));
                operands.addAll(b.values(node.operands().subList(3, node.operands().size())));
                b.copy(node, new Linear(), operands, List.of());
            } else {
                b.copy(node);
            }
        }
        return b.build(b.values(body.yields()));
    }

    private WeightExpr.Stored matrix(Node node, LinearNBits kind) {
        WeightExpr codes = weight(node.operand(1));
        return known.computeIfAbsent(codes, c -> {
            long[] shape = codes.type().fixedShape();
            int in = Math.toIntExact(shape[1] * kind.block());
            var stored = new WeightExpr.Stored(SOURCE, "w" + matrices.size(), TensorType.fixed(DType.F32, shape[0], in));
            MemorySegment to = arena.allocate(stored.byteSize(), Long.BYTES);
            MemorySegment integers = codes(codes, others);
            MemorySegment scales = MemorySegment.ofArray(WeightReader.floats(weight(node.operand(2)), others));
            for (long row = 0; row < shape[0]; row++) {
                HostRows.dequantize(integers, scales, row, in, kind.bits(), kind.block(), to, row);
            }
            matrices.put(stored.name(), to);
            return stored;
        });
    }

    private static WeightExpr weight(Value value) {
        return ((Weight) ((Result) value).node().kind()).expr();
    }

    @Override
    public Extent find(WeightExpr.Stored weight) {
        return weight.source().equals(SOURCE) ? new Extent(matrices.get(weight.name())) : others.find(weight);
    }
}
