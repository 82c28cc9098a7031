// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Slices;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.passes.api.HostTensor;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;

/** Layers of a decoder as they process a prompt with nothing before it: a graph without caches, and what it reads. */
public final class FirstPrompt {
    private FirstPrompt() {
    }

    /**
     * What computes these values of a flat graph.
     *
     * @throws InputException if something other than attention reads a cache for them
     */
    public static Region of(Region flat, List<Value> wanted) {
        Set<Node> needed = Collections.newSetFromMap(new IdentityHashMap<>());
        Set<Value> read = Collections.newSetFromMap(new IdentityHashMap<>());
        read.addAll(wanted);
        wanted.forEach(v -> Slices.backward(v, needed));
        needed.forEach(n -> read.addAll(operands(n)));
        var b = new RegionBuilder();
        for (Param p : flat.params()) {
            if (read.contains(p)) {
                b.map(p, b.param(p.name(), p.type()));
            }
        }
        flat.nodes().stream().filter(needed::contains).forEach(n -> b.copy(n, n.kind(), b.values(operands(n)), n.regions()));
        return b.build(b.values(wanted));
    }

    /**
     * What such a graph reads where it takes hidden states as embeddings.
     *
     * @param hidden     hidden states {@code f32[tokens, d]} before its first layer
     * @param candidates which tokens may be skipped, one flag for each
     */
    public static Map<String, HostTensor> inputs(HostTensor hidden, boolean[] candidates) {
        int tokens = candidates.length;
        return Map.of(GraphNames.INPUTS_EMBEDS, hidden, GraphNames.POSITIONS, HostTensor.of(LongStream.range(0, tokens).toArray()),
                GraphNames.CANDIDATES, HostTensor.of(candidates), GraphNames.ROW_LENGTHS, HostTensor.of(tokens), GraphNames.ROW_STARTS, HostTensor.of(0));
    }

    private static List<Value> operands(Node node) {
        List<Value> without = node.operands().stream().filter(v -> !(v.type() instanceof CacheType)).toList();
        if (without.size() < node.operands().size() && !(node.kind() instanceof Attention)) {
            throw new InputException("op '" + node.kind().mnemonic() + "' reads a cache before the layer whose skipped tokens are looked at, expected that of "
                    + "attention alone");
        }
        return without;
    }
}
