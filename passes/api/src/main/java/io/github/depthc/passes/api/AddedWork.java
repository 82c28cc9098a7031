// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.Slices;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Layer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Nodes between the layers that only a layer's routing reads, such as scores that are handed on, and which of them compute what a layer
 * before computes anyway.
 */
final class AddedWork {
    /** Equal for nodes that compute the same. */
    private record Key(OpKind kind, List<Object> operands) {
    }

    private final Set<Node> added = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Set<Node> shared = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Map<Value, Object> same = new IdentityHashMap<>();
    private final Map<Key, List<Object>> seen = new HashMap<>();

    /** Of a model whose layers are nodes. */
    AddedWork(Model model) {
        Set<Node> stream = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Node layer : model.layers()) {
            for (int i = 0; i < layer.operands().size(); i++) {
                Slices.backward(layer.operand(i), i < Layer.OPERANDS ? stream : added, v -> v instanceof Result r
                        && r.node().kind() instanceof DecoderLayer);
            }
        }
        added.removeAll(stream);
        if (!added.isEmpty()) {
            for (Node node : model.graph().nodes()) {
                if (node.kind() instanceof DecoderLayer layer) {
                    body(node, layer);
                } else if (number(node)) {
                    shared.add(node);
                }
            }
        }
    }

    /** Whether a node is there for routing alone. */
    boolean isAdded(Node node) {
        return added.contains(node);
    }

    /** Whether a node computes what one before it does, in a layer or between layers. */
    boolean isShared(Node node) {
        return shared.contains(node);
    }

    private void body(Node node, DecoderLayer layer) {
        var b = new RegionBuilder();
        var operands = new ArrayList<Value>();
        for (Value v : node.operands()) {
            Value param = b.param("operand_" + operands.size(), v.type());
            same.put(param, of(v));
            operands.add(param);
        }
        Region lowered = b.build(layer.lower(node, operands, b));
        lowered.nodes().forEach(this::number);
    }

    /** Gives the node's results what stands for them; true if something does already. */
    private boolean number(Node node) {
        if (!node.regions().isEmpty()) {
            return false;
        }
        var key = new Key(node.kind(), node.operands().stream().map(this::of).toList());
        List<Object> before = seen.putIfAbsent(key, List.copyOf(node.results()));
        for (int i = 0; before != null && i < before.size(); i++) {
            same.put(node.result(i), before.get(i));
        }
        return before != null;
    }

    private Object of(Value value) {
        return same.getOrDefault(value, value);
    }
}
