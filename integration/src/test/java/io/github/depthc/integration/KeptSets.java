// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import io.github.depthc.backend.ort.OrtExecutor;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.CachePositions;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.builtin.BuiltinPasses;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** Runs a model's prompt graph with a tap on every selection. */
final class KeptSets implements AutoCloseable {
    private final Executor.Program program;
    private final Map<Integer, Integer> outputs = new HashMap<>();

    private KeptSets(Model model) {
        Region graph = Bundles.run(model, BuiltinPasses.LOWERING).graph();
        var b = new RegionBuilder();
        for (Param p : graph.params()) {
            if (!(p.type() instanceof CacheType) && !p.name().equals(GraphNames.LOGITS_AT)) {
                b.map(p, b.param(p.name(), p.type()));
            }
        }
        var taps = new ArrayList<Value>();
        for (Node node : graph.nodes()) {
            if (node.operands().stream().anyMatch(v -> !(v.type() instanceof CacheType) && !b.has(v))) {
                continue; // reads logits_at: behind the layers
            }
            switch (node.kind()) {
                case Attention a -> b.copy(node, a, b.values(node.operands().subList(0, 5)), List.of());
                case CachePositions c -> b.copy(node, c, b.values(node.operands().subList(0, 1)), List.of());
                case ModSelect s -> {
                    outputs.put(s.index(), taps.size());
                    taps.add(b.copy(node).result(0));
                }
                default -> b.copy(node);
            }
        }
        program = new OrtExecutor(OrtOptions.DEFAULT.withThreads(2)).compile(b.build(taps), model.weights());
    }

    static KeptSets of(Model model) {
        return new KeptSets(model);
    }

    /** Prompt positions that a layer keeps, ascending. */
    long[] kept(int layer, long[] ids, boolean[] candidates) {
        List<HostTensor> found = program.run(Map.of(
                GraphNames.TOKEN_IDS, HostTensor.of(ids),
                GraphNames.POSITIONS, HostTensor.of(LongStream.range(0, ids.length).toArray()),
                GraphNames.CANDIDATES, HostTensor.of(candidates),
                "row_lengths", HostTensor.of(ids.length), "row_starts", HostTensor.of(0)));
        return found.get(outputs.get(layer)).longs();
    }

    @Override
    public void close() {
        program.close();
    }
}
