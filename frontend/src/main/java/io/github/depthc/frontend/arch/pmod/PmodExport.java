// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.pmod;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.frontend.arch.common.DecoderBuilder;
import io.github.depthc.frontend.export.ExportFormat;
import io.github.depthc.frontend.export.ExportOptions;
import io.github.depthc.frontend.export.ExportSource;
import io.github.depthc.frontend.export.TokenType;
import io.github.depthc.frontend.json.Json;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SequencedMap;

/** Checkpoints that {@code PmodLlavaLlamaForCausalLM} loads: {@link PmodArchitecture} backwards. */
public final class PmodExport implements ExportFormat {
    private static final String NAME = "p-MoD";
    private static final String TOKEN_TYPE = "mod_target_token_type";

    @Override
    public Target target(ExportSource source, ExportOptions options) {
        List<Integer> routed = source.routed();
        source.require(!routed.contains(0), NAME, 0, "routes tokens", "the reference reads the length of the past there: convert with layer 0 dense");
        routed.forEach(l -> checkShared(source, l));
        boolean trained = source.layers().get(routed.getFirst()).orElseThrow().score() instanceof Routing.Score.Linear;
        Routers routers = trained ? trained(source, routed, options) : fresh(source, routed, options);
        PmodScheduleFit schedule = schedule(source);
        TokenType tokenType = tokenType(source, options, trained);
        ObjectNode settings = Json.object().put("model_type", "pmod_llava_llama");
        settings.putArray("architectures").add("PmodLlavaLlamaForCausalLM");
        settings.put(PmodSchedule.KEY, schedule.rule()).put(PmodSchedule.FACTOR, schedule.factor()).put(PmodGate.KEY, routers.gate.text())
                .put("mod_bias_enabled", routers.bias).put("mod_special_init", true).put(TOKEN_TYPE, tokenType.text());
        var notes = new ArrayList<String>();
        if (!trained) {
            notes.add("The routers are new: all zero, so that every gate is one. From here on the router selects, among the tokens of "
                    + tokenType.text() + ", and no longer what selected in the bundle: until it is trained all tokens tie, and the lower positions are "
                    + "kept (by depthc; the reference leaves the order of ties open). Logits differ from the bundle's.");
        }
        Routing.Candidates own = candidates(source);
        if (trained && tokenType.candidates() != own) {
            notes.add("From here on the tokens of " + tokenType.text() + " may be skipped, other ones than in the bundle (" + own.name().toLowerCase(Locale.ROOT) + ").");
        }
        return new Target(settings, routers.tensors, notes);
    }

    /** Routers, and what the configuration says of them. */
    private record Routers(PmodGate gate, boolean bias, SequencedMap<String, WeightExpr> tensors) {
    }

    /** What all p-MoD layers do, trained or not. */
    private static void checkShared(ExportSource source, int layer) {
        Routing r = source.layers().get(layer).orElseThrow();
        source.require(!(r.score() instanceof Routing.Score.SharedLinear), NAME, layer, "has γ-MoD's shared router", "use --format gamma");
        source.requireWhole(r, NAME, layer);
        source.require(r.kv() == Routing.SkippedKv.DROP, NAME, layer, "keeps the keys and values of skipped tokens",
                "convert again so that they are dropped");
        source.require(r.positions() == Routing.Positions.ORIGINAL, NAME, layer, "numbers the positions of kept tokens anew",
                "convert again with the original positions");
        source.require(!(r.skip() instanceof Routing.SkipPath.Linear), NAME, layer, "sends skipped tokens through a fitted linear path",
                "convert again without skip paths");
        source.require(r.placement() == Routing.Placement.MLP, NAME, layer, "applies its gate to the whole block",
                "convert again with --style pmod, whose gate is on the MLP");
        source.require(r.decode() == Routing.DecodeRule.DENSE, NAME, layer, "routes decode steps", "convert again with dense decode steps");
    }

    private static Routers trained(ExportSource source, List<Integer> routed, ExportOptions options) {
        if (options.initRouters()) {
            throw new InputException(source.place() + ": has routers already, which --init-routers would throw away; leave that option out");
        }
        Routing first = source.layers().get(routed.getFirst()).orElseThrow();
        boolean bias = first.score() instanceof Routing.Score.Linear(boolean b) && b;
        PmodGate gate = PmodGate.of(first.gate()).orElseThrow(() -> source.refused(NAME, "layer " + routed.getFirst() + " has "
                + (first.gate() instanceof Routing.Gate.One ? "no gate" : "the score itself as gate (mod_weight_norm none), whose factor and offset went "
                + "into the router's weights when it was imported"), "convert again with --style pmod, whose gate is a tanh"));
        var tensors = new LinkedHashMap<String, WeightExpr>();
        for (int layer : routed) {
            Routing r = source.layers().get(layer).orElseThrow();
            source.require(r.score().equals(first.score()) && r.gate().equals(first.gate()), NAME, layer,
                    "has another score or gate than layer " + routed.getFirst(), "convert again with one --style for all layers");
            source.require(r.selection() instanceof Routing.Selection.TopK, NAME, layer, "selects by " + ExportSource.words(r.selection()),
                    "convert again with a selection of the k best");
            source.require(r.skip() instanceof Routing.SkipPath.Gated, NAME, layer, "leaves skipped tokens as they are, not times their gate",
                    "convert again with --style pmod");
            tensors.put(weight(layer), stored(source, weight(layer)));
            if (bias) {
                tensors.put(bias(layer), stored(source, bias(layer)));
            }
        }
        return new Routers(gate, bias, tensors);
    }

    private static Routers fresh(ExportSource source, List<Integer> routed, ExportOptions options) {
        if (!options.initRouters()) {
            throw new InputException(source.place() + ": has no routers (layer " + routed.getFirst() + " selects by "
                    + ExportSource.words(source.layers().get(routed.getFirst()).orElseThrow().selection()) + "), and p-MoD checkpoints have one in each routed layer; "
                    + "give --init-routers to write zeros, after which a router selects instead, or convert with --routers FILE");
        }
        var tensors = new LinkedHashMap<String, WeightExpr>();
        for (int layer : routed) {
            Routing r = source.layers().get(layer).orElseThrow();
            source.require(!(r.score() instanceof Routing.Score.Linear), NAME, layer, "has a router while layer " + routed.getFirst() + " has none",
                    "convert again with one --style for all layers");
            source.require(r.gate() instanceof Routing.Gate.One, NAME, layer, "has the gate " + r.gate() + " without a router", "convert again without it");
            source.require(!(r.selection() instanceof Routing.Selection.Threshold), NAME, layer, "selects by a threshold",
                    "convert again with a ratio");
            tensors.put(weight(layer), zeros(1, source.info().hidden()));
            tensors.put(bias(layer), zeros(1));
        }
        return new Routers(PmodGate.PUBLISHED, true, tensors);
    }

    private static String weight(int layer) {
        return DecoderBuilder.prefix(layer) + PmodRouter.WEIGHT;
    }

    private static String bias(int layer) {
        return DecoderBuilder.prefix(layer) + PmodRouter.BIAS;
    }

    private static WeightExpr stored(ExportSource source, String name) {
        return Optional.ofNullable(source.weights().get(name)).orElseThrow(() -> new InputException(source.place() + ": its graph has no router \"" + name
                + "\" of its own, so a pass has rewritten it; convert the model again without that pass"));
    }

    private static WeightExpr zeros(long... shape) {
        TensorType type = TensorType.fixed(DType.F32, shape);
        return new WeightExpr.Inline(type, Collections.nCopies((int) shape[shape.length - 1], 0.0));
    }

    private static PmodScheduleFit schedule(ExportSource source) {
        List<OptionalDouble> ratios = source.layers().stream()
                .map(r -> r.map(routing -> OptionalDouble.of(routing.selection().ratio())).orElse(OptionalDouble.empty())).toList();
        Optional<PmodScheduleFit> own = PmodScheduleFit.stated(source.config()).filter(fit -> fit.yields(ratios));
        return own.or(() -> PmodScheduleFit.of(ratios)).orElseThrow(() -> source.refused(NAME, "keeps the ratios " + text(ratios) + " of its "
                + ratios.size() + " layers", "their schedule is cos(pi l/31)/2 + a or 0.5 - l/31 + a, bounded, whatever the number of layers is, or one "
                + "ratio in all odd layers, or in layers 2 to the last or last but one; convert again with --layers odd or deep and --schedule "
                + "'constant(0.5)', or, for 32 layers, with --schedule 'prd(average=0.5,max=0.85,min=0.15)'"));
    }

    private static String text(List<OptionalDouble> ratios) {
        var parts = new ArrayList<String>();
        for (int l = 0; l < ratios.size(); l++) {
            if (ratios.get(l).isPresent()) {
                parts.add(l + ": " + (float) ratios.get(l).getAsDouble());
            }
        }
        return String.join(", ", parts.subList(0, Math.min(parts.size(), 6))) + (parts.size() > 6 ? ", …" : "");
    }

    /** The same in all layers of a bundle. */
    private static Routing.Candidates candidates(ExportSource source) {
        return source.layers().get(source.routed().getFirst()).orElseThrow().candidates();
    }

    /** What the user says, else what the source's configuration and the model agree on, else what the model says. */
    private static TokenType tokenType(ExportSource source, ExportOptions options, boolean trained) {
        Routing.Candidates own = candidates(source);
        return options.tokenType()
                .or(() -> TokenType.of(source.config().optString(TOKEN_TYPE, source.config().has(PmodSchedule.KEY) ? TokenType.VISION_HR.text() : "")).filter(t -> t.candidates() == own))
                .or(() -> TokenType.of(own))
                .or(() -> trained ? Optional.empty() : Optional.of(TokenType.VISION_ALL))
                .orElseThrow(() -> source.refused(NAME, "lets other tokens be skipped (" + own.name().toLowerCase(Locale.ROOT) + ")",
                        "choose with --token-type what the exported model may skip: vision_all, vision_hr or all"));
    }
}
