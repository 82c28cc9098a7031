// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Layer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What computes the hidden states that go into a model's layers, and how it is wired; layers themselves are only numbered. Equal
 * where the same is computed from the same, whatever else the graph has.
 *
 * @param read   parameters of the graph that are read, in order
 * @param steps  the nodes in order, a layer as a step of no kind
 * @param hidden for each layer the value that goes into it
 */
record LayerInputs(List<Input> read, List<Step> steps, List<Integer> hidden) {
    /** A parameter. */
    record Input(String name, Type type) {
    }

    /** What a node is, and which values it reads, by their numbers. */
    record Step(List<OpKind> kind, List<Region> regions, List<Integer> operands) {
        static final Step LAYER = new Step(List.of(), List.of(), List.of());
    }

    static LayerInputs of(Model model) {
        List<Value> hidden = model.layers().stream().map(l -> l.operand(Layer.HIDDEN)).toList();
        Set<Value> needed = needed(hidden);
        Map<Value, Integer> numbers = new IdentityHashMap<>();
        var read = new ArrayList<Input>();
        for (Param p : model.graph().params()) {
            if (needed.contains(p)) {
                numbers.put(p, numbers.size());
                read.add(new Input(p.name(), p.type()));
            }
        }
        var steps = new ArrayList<Step>();
        for (Node node : model.graph().nodes()) {
            boolean layer = node.kind() instanceof DecoderLayer;
            if (layer || node.results().stream().anyMatch(needed::contains)) {
                steps.add(layer ? Step.LAYER
                        : new Step(List.of(node.kind()), node.regions(), node.operands().stream().map(numbers::get).toList()));
                node.results().forEach(r -> numbers.put(r, numbers.size()));
            }
        }
        return new LayerInputs(List.copyOf(read), List.copyOf(steps), hidden.stream().map(numbers::get).toList());
    }

    /** These values and what they are computed from, down to parameters and layers. */
    private static Set<Value> needed(List<Value> values) {
        Set<Value> needed = Collections.newSetFromMap(new IdentityHashMap<>());
        var work = new ArrayDeque<>(values);
        while (!work.isEmpty()) {
            Value value = work.pop();
            if (needed.add(value) && value instanceof Result r && !(r.node().kind() instanceof DecoderLayer)) {
                work.addAll(r.node().operands());
            }
        }
        return needed;
    }
}
