// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.verify;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.Counted;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.text.Nearest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Rule: a model's graph has the parameters and yields that runtimes bind by name and place. */
final class ModelRules {
    /** Name of the dimension of the tokens whose logits are wanted. */
    private static final Dim OUTPUTS = Dim.of("outputs");

    private final ModelInfo info;
    private final Region graph;
    private final boolean encoder;
    private final List<Diagnostic> errors;

    ModelRules(Model model, List<Diagnostic> errors) {
        this.info = model.info();
        this.graph = model.graph();
        this.encoder = model.encoder();
        this.errors = errors;
    }

    void check() {
        if (info.layers() < 1 || info.hidden() < 1 || info.vocab() < 1 || info.context() < 1) {
            errors.add(Verifier.error(graph, "the model has " + Counted.of(info.layers(), "layer") + ", hidden size " + info.hidden() + ", vocabulary "
                    + info.vocab() + " and context " + info.context() + ", expected at least 1 of each"));
            return;
        }
        layers();
        params();
        caches();
        yields();
        if (encoder) {
            encoder();
        }
    }

    /** All are there, or none in a model that is lowered. */
    private void layers() {
        Set<Integer> there = graph.nodes().stream().map(Node::kind).filter(DecoderLayer.class::isInstance).map(k -> ((DecoderLayer) k).index()).collect(Collectors.toSet());
        if (there.isEmpty() || there.size() >= info.layers()) {
            return;
        }
        int missing = IntStream.range(0, info.layers()).filter(l -> !there.contains(l)).findFirst().orElseThrow();
        error("has " + there.size() + " of the model's " + Counted.of(info.layers(), "layer") + ", layer " + missing + " is missing; expected all: one that is to do nothing "
                + "stays, with a body that gives back the hidden states and the cache it gets");
    }

    private void params() {
        Map<String, Type> known = new LinkedHashMap<>();
        known.put(GraphNames.TOKEN_IDS, TensorType.of(DType.I64, Dim.TOKENS));
        known.put(GraphNames.INPUTS_EMBEDS, TensorType.of(DType.F32, Dim.TOKENS, Dim.of(info.hidden())));
        known.put(GraphNames.POSITIONS, TensorType.of(DType.I64, Dim.TOKENS));
        known.put(GraphNames.ROWS, new RowsType(Dim.TOKENS));
        known.put(GraphNames.CANDIDATES, TensorType.of(DType.BOOL, Dim.TOKENS));
        known.put(GraphNames.LOGITS_AT, TensorType.of(DType.I64, OUTPUTS));
        for (Param param : graph.params()) {
            Type expected = known.get(param.name());
            if (expected == null && !(param.type() instanceof CacheType)) {
                error("has the parameter %" + param.name() + ", expected one of " + known.keySet() + " or a cache"
                        + Nearest.hint(param.name(), known.keySet()));
            } else if (expected != null && !expected.equals(param.type())) {
                error("parameter %" + param.name() + " has type " + param.type() + ", expected " + expected);
            }
        }
        boolean ids = graph.param(GraphNames.TOKEN_IDS) != null;
        boolean embeds = graph.param(GraphNames.INPUTS_EMBEDS) != null;
        if (ids == embeds) {
            error("has " + (ids ? "both" : "neither") + " %" + GraphNames.TOKEN_IDS + (ids ? " and %" : " nor %") + GraphNames.INPUTS_EMBEDS
                    + " as parameters, expected one of them");
        }
        if (graph.param(GraphNames.ROWS) == null) {
            error("has no parameter %" + GraphNames.ROWS + ", expected it with type rows[tokens]");
        }
    }

    /** What has seen all tokens of a row cannot be taken up again with more of them, so an encoder is one throughout. */
    private void encoder() {
        if (graph.param(GraphNames.LOGITS_AT) != null) {
            error("has the parameter %" + GraphNames.LOGITS_AT + ", expected none in an encoder (attention{causal=false}): it yields the hidden states of all "
                    + "tokens");
        }
        causal(graph);
    }

    private void causal(Region region) {
        for (Node node : region.nodes()) {
            if (node.kind() instanceof Attention a && a.causal()) {
                errors.add(Verifier.error(node, "is causal, expected causal=false as elsewhere in this model"));
            }
            node.regions().forEach(this::causal);
        }
    }

    private void caches() {
        List<String> has = graph.params().stream().filter(p -> p.type() instanceof CacheType).map(Param::name).toList();
        // A wrong number of layers can be absurdly large: no list is made of it.
        boolean inOrder = has.size() == info.layers()
                && IntStream.range(0, has.size()).allMatch(i -> has.get(i).equals(GraphNames.cache(i)));
        if (!inOrder) {
            error("has the caches " + has + ", expected " + info.layers() + ", one for each layer: cache.0, cache.1, … in order");
        }
    }

    private void yields() {
        var expected = new ArrayList<Type>();
        Dim outputs = encoder || graph.param(GraphNames.LOGITS_AT) == null ? Dim.TOKENS : OUTPUTS;
        expected.add(TensorType.of(DType.F32, outputs, Dim.of(encoder ? info.hidden() : info.vocab())));
        graph.params().stream().map(Param::type).filter(CacheType.class::isInstance).forEach(expected::add);
        List<Type> has = graph.yields().stream().map(Value::type).toList();
        if (has.size() != expected.size()) {
            error("yields " + Counted.of(has.size(), "value") + ", expected " + expected.size() + ": the " + (encoder ? "hidden states" : "logits")
                    + " and a cache for each layer");
        }
        for (int i = 0; i < Math.min(has.size(), expected.size()); i++) {
            if (!Objects.equals(has.get(i), expected.get(i))) {
                error("yield " + i + ", %" + graph.yields().get(i).name() + ", has type " + has.get(i) + ", expected " + expected.get(i));
            }
        }
    }

    private void error(String message) {
        errors.add(Verifier.error(graph, "the graph " + message));
    }
}
