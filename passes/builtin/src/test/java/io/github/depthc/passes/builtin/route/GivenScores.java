// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.route;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.CachePositions;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.builtin.BuiltinPasses;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** The scores by which a routed layer of a model chooses, as the lowered graph computes them. */
final class GivenScores {
    private GivenScores() {
    }

    /** Of one prompt, all of whose tokens may be skipped. */
    static float[] of(Model layered, int layer, long[] tokens, PassContext context) {
        Model flat = BuiltinPasses.lowered(layered);
        var b = new RegionBuilder();
        for (Param p : flat.graph().params()) {
            if (!(p.type() instanceof CacheType) && !p.name().equals(GraphNames.LOGITS_AT)) {
                b.map(p, b.param(p.name(), p.type()));
            }
        }
        Value score = null;
        for (Node node : flat.graph().nodes()) {
            if (node.operands().stream().anyMatch(v -> !(v.type() instanceof CacheType) && !b.has(v))) {
                continue; // depends on logits_at
            }
            switch (node.kind()) {
                case Attention a -> b.copy(node, a, b.values(node.operands().subList(0, Attention.CACHE)), List.of());
                case CachePositions c -> b.copy(node, c, b.values(node.operands().subList(0, 1)), List.of());
                case ModSelect s when s.index() == layer -> score = b.value(node.operand(2));
                default -> b.copy(node);
            }
        }
        boolean[] candidates = new boolean[tokens.length];
        java.util.Arrays.fill(candidates, true);
        Map<String, HostTensor> inputs = new HashMap<>(Map.of(GraphNames.TOKEN_IDS, HostTensor.of(tokens), GraphNames.CANDIDATES, HostTensor.of(candidates),
                GraphNames.POSITIONS, HostTensor.of(LongStream.range(0, tokens.length).toArray()), GraphNames.ROW_LENGTHS, HostTensor.of(tokens.length),
                GraphNames.ROW_STARTS, HostTensor.of(0)));
        try (Executor.Program program = context.executor().compile(b.build(List.of(score)), flat.weights())) {
            return program.run(inputs).getFirst().floats();
        }
    }
}
