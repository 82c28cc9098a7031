// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.convert;

import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.passes.api.Doc;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Rewriter;
import io.github.depthc.passes.builtin.DenseLayers;
import java.util.List;
import java.util.Map;

/**
 * Turns the selected layers into Mixture-of-Depths layers of a published style, or plain ones, at their planned ratios.
 * Router weights are taken from the source {@code routers}, by the names of the published checkpoints:
 * {@code model.layers.N.router.router.weight [1, d]} and {@code …bias [1]} (pmod, mod), {@code model.layers.N.router.weight [2, d]}
 * or one {@code router.weight} for all layers (gamma).
 */
public final class ConvertToMod implements Pass<ConvertToMod.Options> {
    /** Name of the router that all layers share; a source may have it under a layer's name only. */
    private static final String SHARED = "router.weight";

    /** Which combination of attributes. */
    public enum Style { PLAIN, PMOD, GAMMA, MOD }

    /** Which tokens may be skipped. */
    public enum Candidates {
        /** Those of the style. */
        STYLE,
        /** Those of images alone. */
        VISION
    }

    /**
     * Options.
     *
     * @param style      which combination of attributes
     * @param kv         whether skipped tokens' keys and values are cached all the same
     * @param candidates which tokens may be skipped
     * @param part       what of a layer skipped tokens skip
     */
    public record Options(@Doc("which published combination of attributes") Style style,
            @Doc("whether the keys and values of skipped tokens are cached all the same") Routing.SkippedKv kv,
            @Doc("which tokens may be skipped: those of the style, or those of images alone") Candidates candidates,
            @Doc("what of a layer skipped tokens skip; where that is the MLP alone, keys and values are kept") Routing.Part part) {
        /** Of whole layers. */
        public Options(Style style, Routing.SkippedKv kv, Candidates candidates) {
            this(style, kv, candidates, Routing.Part.LAYER);
        }
    }

    @Override
    public PassSpec<Options> spec() {
        return new PassSpec<>("convert-to-mod", "turn the selected layers into Mixture-of-Depths layers",
                new Options(Style.PLAIN, Routing.SkippedKv.DROP, Candidates.STYLE));
    }

    @Override
    public Outcome run(Model model, Options options, PassContext context) {
        if (model.nodes(Layer.class).stream().noneMatch(n -> ((Layer) n.kind()).selected())) {
            return DenseLayers.missing(model).orElse(new Outcome.NotApplicable(
                    "no dense layer is selected; put select-layers or schedule, with a choice that is not empty, before this pass"));
        }
        return Rewriter.graph(model).apply(context, "layers converted", site -> {
            if (site.node().kind() instanceof Layer l && l.selected()) {
                Routing routing = routing(options, l, context.routers());
                site.route(routing, router(site.builder(), routing.score(), l.index(), width(site.node()), context.routers()));
            }
        });
    }

    private static Routing routing(Options options, Layer layer, Map<String, TensorType> routers) {
        Routing routing = (switch (options.style()) {
            case PLAIN -> Routing.plain(layer.ratio());
            case PMOD -> Routing.pmod(layer.ratio(), new Routing.Gate.Tanh(0.2, 1),
                    routers.containsKey(name(layer.index(), "router.router.bias")));
            case GAMMA -> Routing.gamma(0.005, 0.5);
            case MOD -> Routing.original(layer.ratio());
        }).withKv(options.kv()).withPart(options.part());
        return options.candidates() == Candidates.VISION ? routing.withCandidates(Routing.Candidates.VISION) : routing;
    }

    /** Of the hidden states that go into a layer; a graph on its own has no model line that says it. */
    private static long width(Node layer) {
        if (layer.operand(Layer.HIDDEN).type() instanceof TensorType t && t.rank() == 2 && t.dim(1) instanceof Dim.Fixed(long width)) {
            return width;
        }
        throw new InputException("layer " + ((Layer) layer.kind()).index() + " reads " + layer.operand(Layer.HIDDEN).type()
                + ", expected hidden states of a fixed width, which its router needs");
    }

    /** The weights that the score needs. */
    private static List<Value> router(RegionBuilder b, Routing.Score score, int layer, long hidden, Map<String, TensorType> routers) {
        return switch (score) {
            case Routing.Score.Linear(boolean bias) -> {
                Value w = weight(b, name(layer, "router.router.weight"), routers, 1, hidden);
                yield bias ? List.of(w, weight(b, name(layer, "router.router.bias"), routers, 1)) : List.of(w);
            }
            case Routing.Score.SharedLinear s -> List.of(weight(b, routers.containsKey(SHARED) ? SHARED : name(layer, SHARED), routers, 2, hidden));
            case Routing.Score.None s -> List.of();
            case Routing.Score.AttentionReceived s -> List.of();
            case Routing.Score.Given s -> throw new IllegalStateException("no style has given scores");
        };
    }

    /**
     * A router weight by name, in the type that its source has. One that is missing, or of another shape, is an error of the
     * source, which can name its file, when the weight is found.
     */
    private static Value weight(RegionBuilder b, String name, Map<String, TensorType> routers, long... shape) {
        DType dtype = routers.containsKey(name) ? routers.get(name).dtype() : DType.F32;
        return b.add(name, new Weight(new WeightExpr.Stored("routers", name, TensorType.fixed(dtype, shape))));
    }

    private static String name(int layer, String rest) {
        return "model.layers." + layer + "." + rest;
    }
}
