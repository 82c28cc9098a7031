// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.plan;

import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.api.Cost;
import io.github.depthc.passes.builtin.arank.Arank;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The plan of a model with layers, layer by layer, at a stated prompt: what {@code convert} and {@code inspect} print and
 * the report draws.
 *
 * @param info       the model
 * @param mix        the prompt's tokens
 * @param layers     each decoder layer
 * @param headFlops  LM head over all tokens
 * @param extraFlops what passes added outside the layers, which the dense model does not have
 */
public record PlanReport(ModelInfo info, Cost.Mix mix, List<LayerPlan> layers, double headFlops, double extraFlops) {
    /** A plan with nothing added outside the layers. */
    public PlanReport(ModelInfo info, Cost.Mix mix, List<LayerPlan> layers, double headFlops) {
        this(info, mix, layers, headFlops, 0);
    }

    /** The plan of a model that is not lowered yet. */
    public static PlanReport of(Model model, Cost.Mix mix, Optional<Arank.Result> arank) {
        Cost cost = Cost.of(model, mix);
        List<Node> nodes = model.layers();
        var layers = new ArrayList<LayerPlan>();
        for (int i = 0; i < nodes.size(); i++) {
            Cost.LayerCost c = cost.layers().get(i);
            Cost.LayerCost d = cost.denseLayers().get(i);
            Routing routing = ((DecoderLayer) nodes.get(i).kind()).routed().orElse(null);
            boolean fixed = routing != null && !(routing.selection() instanceof Routing.Selection.Threshold);
            int at = i;
            layers.add(new LayerPlan(c.index(), routing != null,
                    fixed ? OptionalDouble.of(routing.selection().ratio()) : OptionalDouble.empty(), c.kept(), c.linearFlops(),
                    d.linearFlops(), c.attentionFlops(), d.attentionFlops(), c.kvBytes(), d.kvBytes(),
                    arank.isPresent() ? OptionalDouble.of(arank.get().layers().get(at).mean()) : OptionalDouble.empty(),
                    routing == null ? "" : describe(routing)));
        }
        return new PlanReport(model.info(), mix, List.copyOf(layers), cost.headFlops(), cost.extraFlops());
    }

    /** FLOPs of the linear layers, the LM head and what passes added. */
    public double flops() {
        return layers.stream().mapToDouble(LayerPlan::flops).sum() + headFlops + extraFlops;
    }

    /** The same, dense. */
    public double denseFlops() {
        return layers.stream().mapToDouble(LayerPlan::denseFlops).sum() + headFlops;
    }

    /** Attention-score FLOPs. */
    public double attentionFlops() {
        return layers.stream().mapToDouble(LayerPlan::attentionFlops).sum();
    }

    /** The same, dense. */
    public double denseAttentionFlops() {
        return layers.stream().mapToDouble(LayerPlan::denseAttentionFlops).sum();
    }

    /** KV cache in bytes, F32. */
    public long kvBytes() {
        return layers.stream().mapToLong(LayerPlan::kvBytes).sum();
    }

    /** The same, dense. */
    public long denseKvBytes() {
        return layers.stream().mapToLong(LayerPlan::denseKvBytes).sum();
    }

    /** How many layers are Mixture-of-Depths layers. */
    public long modLayers() {
        return layers.stream().filter(LayerPlan::mod).count();
    }

    private static String describe(Routing r) {
        String selection = switch (r.selection()) {
            case Routing.Selection.TopK s -> "top-k";
            case Routing.Selection.Threshold s -> "threshold " + s.prompt();
            case Routing.Selection.EvenlySpaced s -> "evenly spaced";
            case Routing.Selection.MostRecent s -> "most recent";
            case Routing.Selection.RecentTopK s -> "the last " + s.recent() + " candidates and top-k";
            case Routing.Selection.Random s -> "random, seed " + s.seed();
        };
        String gate = switch (r.gate()) {
            case Routing.Gate.One g -> "gate one";
            case Routing.Gate.Tanh g -> "gate " + g.alpha() + "·tanh+" + g.beta();
            case Routing.Gate.Sigmoid g -> "gate " + g.alpha() + "·sigmoid+" + g.beta();
            case Routing.Gate.Softmax g -> "gate " + g.alpha() + "·softmax+" + g.beta();
            case Routing.Gate.Probability g -> "gate probability";
        };
        String score = r.score() instanceof Routing.Score.AttentionReceived(int observers) ? " by attention from the last " + observers + " prompt tokens" : "";
        String part = switch (r.part()) {
            case LAYER -> r.kv() == Routing.SkippedKv.KEEP ? ", KV kept" : "";
            case ATTENTION -> ", attention alone" + (r.kv() == Routing.SkippedKv.KEEP ? ", KV kept" : "");
            case MLP -> ", MLP alone";
        };
        return selection + score + ", " + gate + part;
    }
}
