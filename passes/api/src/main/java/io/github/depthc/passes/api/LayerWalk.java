// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Lowerable;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.Slices;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Layer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * Runs a model on the calibration samples, layer by layer, and shows what happens inside. Of the weights only one layer's are
 * in memory at a time; of the activations, the hidden states of every sample. All tokens are processed in every layer, routed
 * ones too. Ops of plug-ins in the bodies are lowered; the probe sees them as they are, or, where one uses the cache, the body's lowering.
 */
public final class LayerWalk {
    private LayerWalk() {
    }

    /** Says what to look at. */
    @FunctionalInterface
    public interface Probe {
        /**
         * Called after each node of a layer's body has been copied, in order. May add nodes that compute from what there is.
         *
         * @param node a node of the layer's body
         * @param b    builds the graph that will run; {@code b.value(v)} is what stands in it for a value of the body
         * @return tensors of the new graph to look at; often none
         */
        List<Value> after(Node node, RegionBuilder b);
    }

    /** Told what was seen. */
    @FunctionalInterface
    public interface Visitor {
        /**
         * One sample went through one layer.
         *
         * @param layer  which layer, from 0
         * @param sample which sample, from 0
         * @param before hidden states going in, {@code f32[tokens, d]}
         * @param probed what the probe asked for, in order
         * @param after  hidden states coming out
         */
        void ran(int layer, int sample, HostTensor before, List<HostTensor> probed, HostTensor after);
    }

    /**
     * What a walk's results depend on, for {@link Analyses.Analysis#dependsOn}: the bodies of the layers, and what
     * computes their inputs and how it is wired.
     * Which layers are selected or routed, and how, makes no difference.
     */
    public static Object dependsOn(Model model) {
        return List.of(model.weights(), model.layers().stream().map(Node::region).toList(), LayerInputs.of(model));
    }

    /**
     * Runs all samples through all layers.
     *
     * @param what name of the work, for progress
     * @throws InputException if the model has no layers, a layer reads more than what the one before gives, or there are no samples or no
     *                        executor
     */
    public static void run(Model model, PassContext context, String what, Probe probe, Visitor visitor) {
        List<Node> layers = model.layers();
        if (layers.isEmpty()) {
            throw new InputException(what + " needs a model with layers, but this one has none; it is lowered already");
        }
        List<Sample> samples = context.calibration();
        HostTensor[] hidden = hidden(model, layers.getFirst().operand(Layer.HIDDEN), samples, context);
        for (int l = 0; l < layers.size(); l++) {
            context.progress().at(what, l, layers.size());
            if (l > 0 && layers.get(l).operand(Layer.HIDDEN) != layers.get(l - 1).result(0)) {
                between(model, layers.get(l - 1).result(0), layers.get(l), what, hidden, context);
            }
            Region body = layers.get(l).region();
            try (Executor.Program program = context.executor().compile(body(body, probe), model.weights())) {
                for (int s = 0; s < hidden.length; s++) {
                    int n = (int) hidden[s].shape()[0];
                    List<HostTensor> out = program.run(Map.of(body.param(Layer.HIDDEN).name(), hidden[s],
                            body.param(Layer.POSITIONS).name(), HostTensor.of(LongStream.range(0, n).toArray()),
                            GraphNames.ROW_LENGTHS, HostTensor.of(n), GraphNames.ROW_STARTS, HostTensor.of(0)));
                    visitor.ran(l, s, hidden[s], out.subList(1, out.size()), out.getFirst());
                    hidden[s] = out.getFirst();
                }
            }
        }
        context.progress().at(what, layers.size(), layers.size());
    }

    /** The hidden states that go into the first layer. */
    private static HostTensor[] hidden(Model model, Value first, List<Sample> samples, PassContext context) {
        var hidden = new HostTensor[samples.size()];
        Region graph = upTo(model.graph(), first);
        try (Executor.Program program = context.executor().compile(graph, model.weights())) {
            for (int s = 0; s < hidden.length; s++) {
                hidden[s] = program.run(samples.get(s).inputs(graph, s)).getFirst();
            }
        }
        return hidden;
    }

    /** Computes what stands between two layers. */
    private static void between(Model model, Value from, Node to, String what, HostTensor[] hidden, PassContext context) {
        var b = new RegionBuilder();
        Param in = b.param("hidden", from.type());
        b.map(from, in);
        Value value = to.operand(Layer.HIDDEN);
        Set<Node> needed = Collections.newSetFromMap(new IdentityHashMap<>());
        if (!reaches(value, from, needed)) {
            throw new InputException(what + " runs each layer on what the one before gives, but %" + value.name() + ", which layer "
                    + ((DecoderLayer) to.kind()).index() + " reads, needs more than that; put what measures before the pass that changes this");
        }
        model.graph().nodes().stream().filter(needed::contains).forEach(b::copy);
        try (Executor.Program program = context.executor().compile(Lowering.of(b.build(List.of(b.value(value)))), model.weights())) {
            for (int s = 0; s < hidden.length; s++) {
                hidden[s] = program.run(Map.of(in.name(), hidden[s])).getFirst();
            }
        }
    }

    /** Whether a value can be computed from another one alone; notes the nodes that do. */
    private static boolean reaches(Value value, Value from, Set<Node> needed) {
        if (value == from) {
            return true;
        }
        return value instanceof Result r && !(r.node().kind() instanceof DecoderLayer)
                && (!needed.add(r.node()) || r.node().operands().stream().allMatch(v -> reaches(v, from, needed)));
    }

    /** A layer's body without its cache; yields the new hidden states and what the probe asks for. What can be lowered is, at last. */
    private static Region body(Region whole, Probe probe) {
        boolean cached = whole.nodes().stream().anyMatch(n -> n.kind() instanceof Lowerable
                && n.operandTypes().stream().anyMatch(CacheType.class::isInstance));
        Region body = cached ? Lowering.of(whole) : whole;
        var b = new RegionBuilder();
        for (Param p : body.params()) {
            if (!(p.type() instanceof CacheType)) {
                b.map(p, b.param(p.name(), p.type()));
            }
        }
        var probed = new ArrayList<Value>();
        for (Node node : body.nodes()) {
            if (node.kind() instanceof Attention) {
                b.copy(node, node.kind(), b.values(node.operands().subList(0, Attention.CACHE)), List.of());
            } else {
                b.copy(node);
            }
            probed.addAll(probe.after(node, b));
        }
        probed.addFirst(b.value(body.yields().getFirst()));
        return Lowering.of(b.build(probed));
    }

    /** The part of a graph that computes a value, with the parameters that part reads. */
    private static Region upTo(Region graph, Value value) {
        Set<Node> needed = Collections.newSetFromMap(new IdentityHashMap<>());
        Slices.backward(value, needed);
        Set<Value> read = Collections.newSetFromMap(new IdentityHashMap<>());
        read.add(value);
        needed.forEach(n -> read.addAll(n.operands()));
        var b = new RegionBuilder();
        for (Param p : graph.params()) {
            if (read.contains(p)) {
                b.map(p, b.param(p.name(), p.type()));
            }
        }
        graph.nodes().stream().filter(needed::contains).forEach(b::copy);
        return Lowering.of(b.build(List.of(b.value(value))));
    }
}
