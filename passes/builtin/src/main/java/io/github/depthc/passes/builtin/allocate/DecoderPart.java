// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Slices;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.GatherRows;
import io.github.depthc.ir.op.Layer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Some consecutive layers of a decoder as a decoder of their own, which takes the hidden states before them as embeddings and
 * yields the hidden states behind them. A part is one layer, or, where a layer's routing is computed from the input of an
 * earlier one, all from that one on.
 *
 * @param model   the part, layers still nodes
 * @param content equal for parts that compute the same
 */
record DecoderPart(Model model, Object content) {
    /** What a node is, and which of the part's values it reads. */
    private record Step(OpKind kind, List<Region> regions, List<Integer> operands) {
    }

    /** The parts of a model whose layers are nodes, in order. */
    static List<DecoderPart> of(Model layered) {
        List<Node> layers = layered.layers();
        var parts = new ArrayList<DecoderPart>();
        for (int begin = 0; begin < layers.size();) {
            int end = begin + 1;
            while (end < layers.size() && readsBefore(layered.graph(), layers, end)) {
                end++;
            }
            parts.add(part(layered, layers.subList(begin, end)));
            begin = end;
        }
        return parts;
    }

    /** The layers, by their numbers, for a message. */
    String name() {
        int first = index(model.layers().getFirst());
        int last = index(model.layers().getLast());
        return first == last ? "layer " + first : "layers " + first + " to " + last;
    }

    private static int index(Node layer) {
        return ((DecoderLayer) layer.kind()).index();
    }

    /** Whether a layer from this one on reads something computed from tokens before it, other than the hidden states that go into it. */
    private static boolean readsBefore(Region graph, List<Node> layers, int boundary) {
        Set<Node> needed = needed(layers.subList(boundary, layers.size()), layers.get(boundary).operand(Layer.HIDDEN));
        Set<Value> inputs = Collections.newSetFromMap(new IdentityHashMap<>());
        graph.params().stream().filter(DecoderPart::isInput).forEach(inputs::add);
        return layers.subList(0, boundary).stream().anyMatch(needed::contains) || needed.stream().anyMatch(n -> n.operands().stream().anyMatch(inputs::contains));
    }

    /** Whether a parameter is the decoder's tokens or their embeddings. */
    private static boolean isInput(Param p) {
        return p.name().equals(GraphNames.TOKEN_IDS) || p.name().equals(GraphNames.INPUTS_EMBEDS);
    }

    /** The nodes that these are computed from, themselves included, down to the cut. */
    private static Set<Node> needed(List<Node> nodes, Value cut) {
        Set<Node> needed = Collections.newSetFromMap(new IdentityHashMap<>());
        nodes.forEach(n -> Slices.backward(n.result(0), needed, v -> v == cut));
        return needed;
    }

    private static DecoderPart part(Model whole, List<Node> layers) {
        Value hidden = layers.getFirst().operand(Layer.HIDDEN);
        ModelInfo info = whole.info();
        var b = new RegionBuilder();
        Map<Value, Integer> numbers = new IdentityHashMap<>();
        b.map(hidden, b.param(GraphNames.INPUTS_EMBEDS, hidden.type()));
        numbers.put(hidden, numbers.size());
        for (Param p : whole.graph().params()) {
            if (!(p.type() instanceof CacheType) && !isInput(p)) {
                b.map(p, b.param(p.name(), p.type()));
                numbers.put(p, numbers.size());
            }
        }
        for (int i = 0; i < layers.size(); i++) {
            Value cache = layers.get(i).operand(Layer.CACHE);
            b.map(cache, b.param(GraphNames.cache(i), cache.type()));
            numbers.put(cache, numbers.size());
        }
        var steps = new ArrayList<Step>();
        Set<Node> needed = needed(layers, hidden);
        for (Node node : whole.graph().nodes()) {
            if (needed.contains(node)) {
                steps.add(new Step(node.kind(), node.regions(), node.operands().stream().map(v -> number(v, numbers, node)).toList()));
                node.results().forEach(r -> numbers.put(r, numbers.size()));
                b.copy(node);
            }
        }
        Param wanted = whole.graph().param(GraphNames.LOGITS_AT); // an encoder answers with all tokens
        Value behind = b.value(layers.getLast().result(0));
        var yields = new ArrayList<Value>(List.of(wanted == null ? behind : b.add(GraphNames.LOGITS, new GatherRows(), behind, b.value(wanted))));
        layers.forEach(l -> yields.add(b.value(l.result(1))));
        var own = new ModelInfo(info.name(), info.architecture(), layers.size(), info.hidden(), info.heads(), info.kvHeads(), info.headDim(),
                info.intermediate(), info.hidden(), info.context());
        return new DecoderPart(new Model(own, b.build(yields), whole.weights()), List.copyOf(steps));
    }

    private static Integer number(Value v, Map<Value, Integer> numbers, Node reader) {
        Integer number = numbers.get(v);
        if (number == null) {
            throw new InputException((reader.kind() instanceof DecoderLayer l ? "layer " + l.index() : "op '" + reader.kind().mnemonic() + "'")
                    + " reads %" + v.name() + ", which a decoder measured layer by layer does not have; expected what is computed from hidden states");
        }
        return number;
    }

    /** What computes the hidden states that go into the first layer: token ids (or embeddings) to hidden states. */
    static Region embedding(Model model) {
        Value hidden = model.layers().getFirst().operand(Layer.HIDDEN);
        Set<Node> needed = Collections.newSetFromMap(new IdentityHashMap<>());
        Slices.backward(hidden, needed, v -> false);
        var b = new RegionBuilder();
        for (Param p : model.graph().params()) {
            if (isInput(p) || p.name().equals(GraphNames.POSITIONS) && needed.stream().anyMatch(n -> n.operands().contains(p))) {
                b.map(p, b.param(p.name(), p.type()));
            }
        }
        copy(model.graph(), hidden, null, b);
        return b.build(List.of(b.value(hidden)));
    }

    /** What computes a decoder's logits: hidden states {@code f32[tokens, d]} behind the last layer to logits of every token. */
    static Region head(Model model) {
        Value logits = model.graph().yields().getFirst();
        Value last = model.layers().getLast().result(0);
        Type at = model.graph().param(GraphNames.LOGITS_AT).type();
        var b = new RegionBuilder();
        b.map(last, b.param(GraphNames.INPUTS_EMBEDS, TensorType.of(((TensorType) last.type()).dtype(), Dim.TOKENS, ((TensorType) last.type()).dim(1))));
        b.map(model.graph().param(GraphNames.LOGITS_AT), b.param(GraphNames.LOGITS_AT, at));
        copy(model.graph(), logits, last, b);
        return b.build(List.of(b.value(logits)));
    }

    private static void copy(Region graph, Value wanted, Value cut, RegionBuilder b) {
        Set<Node> needed = Collections.newSetFromMap(new IdentityHashMap<>());
        Slices.backward(wanted, needed, v -> v == cut);
        graph.nodes().stream().filter(needed::contains).forEach(b::copy);
    }
}
