// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Runs the prompt of a flat model with a tap on every selection. */
public final class KeptSets implements AutoCloseable {
    private final Executor.Program program;
    private final Map<Integer, Integer> outputs;

    private KeptSets(Executor.Program program, Map<Integer, Integer> outputs) {
        this.program = program;
        this.outputs = outputs;
    }

    /** Prepares a flat model that takes token ids. */
    public static KeptSets of(Model model, Executor executor) {
        var b = new RegionBuilder();
        for (Param p : model.graph().params()) {
            if (!(p.type() instanceof CacheType) && !p.name().equals(GraphNames.LOGITS_AT)) {
                b.map(p, b.param(p.name(), p.type()));
            }
        }
        var taps = new ArrayList<Value>();
        var outputs = new TreeMap<Integer, Integer>();
        for (Node node : model.graph().nodes()) {
            if (node.operands().stream().anyMatch(v -> !(v.type() instanceof CacheType) && !b.has(v))) {
                continue; // depends on logits_at, which no selection does
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
        return new KeptSets(executor.compile(b.build(taps), model.weights()), outputs);
    }

    /** The kept tokens of each layer that routes, by layer: packed indices, ascending, over all prompts one after the other. */
    public Map<Integer, long[]> kept(List<Script.Prompt> prompts) {
        int tokens = prompts.stream().mapToInt(p -> p.tokens().length).sum();
        long[] ids = new long[tokens];
        long[] positions = new long[tokens];
        boolean[] candidates = new boolean[tokens];
        int t = 0;
        for (Script.Prompt p : prompts) {
            boolean[] flags = p.flags();
            for (int i = 0; i < flags.length; i++, t++) {
                ids[t] = p.tokens()[i];
                positions[t] = i;
                candidates[t] = flags[i];
            }
        }
        List<HostTensor> found = program.run(Map.of(
                GraphNames.TOKEN_IDS, HostTensor.of(ids),
                GraphNames.POSITIONS, HostTensor.of(positions),
                GraphNames.CANDIDATES, HostTensor.of(candidates),
                GraphNames.ROW_LENGTHS, HostTensor.of(prompts.stream().mapToLong(p -> p.tokens().length).toArray()),
                GraphNames.ROW_STARTS, HostTensor.of(new long[prompts.size()])));
        var kept = new TreeMap<Integer, long[]>();
        outputs.forEach((layer, output) -> kept.put(layer, found.get(output).longs()));
        return kept;
    }

    @Override
    public void close() {
        program.close();
    }
}
