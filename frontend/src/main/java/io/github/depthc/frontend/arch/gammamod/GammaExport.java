// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.gammamod;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.frontend.arch.common.DecoderBuilder;
import io.github.depthc.frontend.export.ExportFormat;
import io.github.depthc.frontend.export.ExportOptions;
import io.github.depthc.frontend.export.ExportSource;
import io.github.depthc.frontend.json.Json;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.Stream;

/** Checkpoints that {@code EvalMoDLLaVALlamaForCausalLM} loads: {@link GammaModArchitecture} backwards. */
public final class GammaExport implements ExportFormat {
    private static final String NAME = "γ-MoD";
    /** The rotary base of the {@code transformers} 4.31 that the reference runs on, which reads none. */
    private static final double THETA = 10_000;

    @Override
    public Target target(ExportSource source, ExportOptions options) {
        if (options.initRouters() || options.tokenType().isPresent()) {
            throw new InputException("--format gamma takes no " + (options.initRouters() ? "--init-routers" : "--token-type")
                    + ": its gate is the router's probability, which no untrained router makes one, and it may skip every token; leave that out");
        }
        double theta = source.rotary().theta();
        if (theta != THETA) {
            throw source.refused(NAME, "has the rotary base " + theta, "the reference computes with 10000 always; export with --format pmod");
        }
        List<Integer> routed = source.routed();
        var routers = new LinkedHashMap<String, WeightExpr>();
        for (int layer : routed) {
            check(source, layer);
            routers.put(DecoderBuilder.prefix(layer) + SharedRouter.WEIGHT, shared(source));
        }
        ObjectNode settings = Json.object().put("model_type", "mod_llava_llama");
        settings.putArray("architectures").add("MoDLLaVALlamaForCausalLM");
        ObjectNode mod = settings.putObject("mod").put("mod_enable", true).put("mod_mode", "custom").put("capacity_factor", 0.5)
                .put("router_aux_loss_coef", 0.01);
        source.config().optObject("mod").ifPresent(own -> mod.setAll(own.node()));
        ArrayNode list = mod.putArray(GammaModLayers.INDICES);
        routed.forEach(list::add);
        return new Target(settings, routers, routed.contains(0)
                ? List.of("Layer 0 routes tokens: the reference then counts positions wrongly in decode steps, and its answers differ from the bundle's there.")
                : List.of());
    }

    private static void check(ExportSource source, int layer) {
        Routing r = source.layers().get(layer).orElseThrow();
        Routing gamma = GammaModArchitecture.ROUTING;
        source.require(r.score().equals(gamma.score()), NAME, layer, r.score() instanceof Routing.Score.Linear ? "has a router of its own"
                : "has no trained router", r.score() instanceof Routing.Score.Linear ? "use --format pmod"
                : "convert with --routers FILE --style gamma, use --format pmod --init-routers, or train from the dense checkpoint, for which the reference "
                + "makes its own router");
        String again = "convert again with --style gamma alone";
        source.require(r.gate().equals(gamma.gate()), NAME, layer, "has the gate " + r.gate(), again);
        source.require(r.placement() == gamma.placement(), NAME, layer, "applies its gate to the whole block", again);
        source.require(r.selection().equals(gamma.selection()), NAME, layer, "selects by " + ExportSource.words(r.selection()) + ", not " + ExportSource.words(gamma.selection()), again);
        source.require(r.candidates() == gamma.candidates(), NAME, layer, "lets only some tokens be skipped (" + r.candidates() + ")", again);
        source.requireWhole(r, NAME, layer);
        source.require(r.kv() == gamma.kv(), NAME, layer, "keeps the keys and values of skipped tokens", "convert again so that they are dropped");
        source.require(r.positions() == gamma.positions(), NAME, layer, "keeps the original positions", again);
        source.require(r.skip().equals(gamma.skip()), NAME, layer, "changes skipped tokens (" + r.skip() + ")", "convert again without skip paths");
        source.require(r.decode() == gamma.decode(), NAME, layer, "does not route decode steps", again);
    }

    private static WeightExpr shared(ExportSource source) {
        Stream<String> names = Stream.concat(Stream.of(SharedRouter.WEIGHT),
                source.weights().keySet().stream().filter(n -> n.matches("model\\.layers\\.\\d+\\.router\\.weight")));
        List<WeightExpr.Stored> found = names.filter(source.weights()::containsKey).map(source.weights()::get).toList();
        if (found.size() != 1) {
            throw new InputException(source.place() + ": its graph has " + found.size() + " shared routers, expected one that all routed layers share; "
                    + "convert the model again with one");
        }
        return found.getFirst();
    }
}
