// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.passes.api.Cost;
import io.github.depthc.passes.api.Doc;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Rewriter;
import io.github.depthc.passes.builtin.DenseLayers;
import io.github.depthc.passes.builtin.cleanup.CommonSubexpressions;
import io.github.depthc.passes.builtin.cleanup.DeadCode;
import io.github.depthc.passes.builtin.hoist.HoistGather;
import io.github.depthc.passes.builtin.lower.LowerMod;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Chooses the ratio of every routed layer, and whether skipped tokens' keys and values are kept, by what that does to the model's
 * answers: the KL divergence of the next-token distributions from the dense model's, on calibration samples whose last tokens are
 * fed behind the routed prompt. Layers for which nothing is saved become dense again. How a layer chooses its tokens is left as it is.
 */
public final class AllocatePass implements Pass<AllocatePass.Options> {
    /** Steps of the search for the last layer's ratio. */
    private static final int STEPS = 30;
    /** Ratios are found to four places. */
    private static final double FINEST = 1e4;

    /**
     * Options.
     *
     * @param budget       share of the dense model's cost that is left
     * @param ratios       the ratios that are tried
     * @param kv           what is tried for the keys and values of skipped tokens
     * @param continuation tokens at the end of each sample that are not part of its prompt
     */
    public record Options(@Doc("share of the dense model's prefill FLOPs that is left, attention scores included, as it is run") double budget,
            @Doc("the ratios that are tried in each layer") List<Double> ratios,
            @Doc("what is tried for the keys and values of skipped tokens") List<Routing.SkippedKv> kv,
            @Doc("tokens at the end of each calibration sample that come behind the prompt") int continuation) {
        public Options {
            ratios = List.copyOf(ratios);
            kv = List.copyOf(kv);
            Expect.attribute(budget > 0 && budget < 1, "budget is " + budget + ", expected more than 0 and less than 1");
            Expect.attribute(!ratios.isEmpty() && !kv.isEmpty(), "ratios or kv is empty, expected at least one value to try");
            Expect.attribute(ratios.stream().allMatch(r -> r >= 0 && r < 1), "ratios are " + ratios + ", expected 0 or more and less than 1");
            Expect.attribute(continuation >= 1, "continuation is " + continuation + ", expected at least 1");
        }
    }

    /** What may be done with a layer: a ratio, and what becomes of skipped keys and values; or nothing at all. */
    private record Choice(double ratio, Routing.SkippedKv kv) {
        /** Every token. */
        private static final Choice DENSE = new Choice(1, Routing.SkippedKv.KEEP);
    }

    @Override
    public PassSpec<Options> spec() {
        return new PassSpec<>("allocate", "choose each routed layer's ratio under a budget by measuring the change of the model's answers",
                new Options(0.6, List.of(0.7, 0.5, 0.3, 0.15), List.of(Routing.SkippedKv.KEEP), 64));
    }

    @Override
    public Outcome run(Model model, Options options, PassContext context) {
        Optional<Outcome.NotApplicable> lowered = DenseLayers.lowered(model);
        if (lowered.isPresent()) {
            return lowered.get();
        }
        if (!model.routed()) {
            return new Outcome.NotApplicable("no layer is routed; put select-layers and convert-to-mod before this pass");
        }
        if (model.encoder()) {
            throw new InputException("allocate goes by what becomes of the next token's probabilities, which an encoder does not have; choose the ratios by a "
                    + "schedule");
        }
        for (Node node : model.layers()) {
            if (node.kind() instanceof ModLayer m && m.routing().selection() instanceof Routing.Selection.Threshold) {
                throw new InputException("layer " + m.index() + " keeps tokens by a threshold, which has no ratio to choose");
            }
        }
        List<Choice> choices = choices(options);
        try (var rehearsal = new Rehearsal(model, options.continuation(), context)) {
            long[] tokens = rehearsal.promptTokens();
            var mix = new Cost.Mix(tokens[0] / rehearsal.samples(), tokens[1] / rehearsal.samples());
            List<Integer> routed = IntStream.range(0, model.layers().size()).filter(l -> model.layers().get(l).kind() instanceof ModLayer).boxed().toList();
            double[][] costs = costs(model, choices, routed, mix);
            int most = routed.size() * (choices.size() - 1);
            var done = new int[1];
            var allocation = new Allocation(costs, c -> {
                context.progress().at("measuring what layers may skip", Math.min(done[0]++, most), most);
                return Arrays.stream(rehearsal.kl(with(model, settings(model, routed, choices, c)))).average().orElseThrow();
            });
            if (allocation.least() > options.budget()) {
                throw new InputException("budget " + options.budget() + " cannot be reached: with these ratios " + String.format(Locale.ROOT, "%.4f", allocation.least())
                        + " of the dense model's FLOPs are left at least; route more layers or give smaller ratios");
            }
            int[] found = allocation.within(options.budget());
            Choice[] coarse = settings(model, routed, choices, found);
            Choice[] settings = allocation.last().map(change -> relaxed(model, coarse, routed.get(change.layer()), choices.get(change.before()).ratio,
                    options, mix)).orElse(coarse);
            Model allocated = with(model, settings);
            double kl = Arrays.stream(rehearsal.kl(allocated)).average().orElseThrow();
            context.progress().at("measuring what layers may skip", most, most);
            remark(context, settings);
            context.remark(Diagnostic.remark(Location.NONE, String.format(Locale.ROOT, "Measured on %d calibration prompts: mean KL(dense ‖ converted) of the next token "
                    + "is %.4f nats, at %.4f of the dense model's prefill FLOPs.", rehearsal.samples(), kl, share(allocated, mix))));
            context.statistic("combinations measured", allocation.tried().size() + 1L);
            context.statistic("layers run", rehearsal.layersRun());
            return new Outcome.Changed(allocated, String.format(Locale.ROOT, "KL %.4f at %.4f of the dense FLOPs, by %d measurements", kl,
                    share(allocated, mix), allocation.tried().size() + 1));
        }
    }

    private static void remark(PassContext context, Choice[] settings) {
        for (int l = 0; l < settings.length; l++) {
            if (settings[l] != null && settings[l].ratio < 1) {
                context.remark(Diagnostic.remark(Location.of("layer " + l), "keeps " + settings[l].ratio + " of the candidates, "
                        + (settings[l].kv == Routing.SkippedKv.KEEP ? "and" : "without") + " the keys and values of the others"));
            }
        }
    }

    private static List<Choice> choices(Options options) {
        var choices = new ArrayList<Choice>(List.of(Choice.DENSE));
        for (double ratio : options.ratios()) {
            options.kv().forEach(kv -> choices.add(new Choice(ratio, kv)));
        }
        return choices;
    }

    /** Shares of the dense model's cost, by routed layer and choice; what no choice changes is spread over the layers. */
    private static double[][] costs(Model model, List<Choice> choices, List<Integer> routed, Cost.Mix mix) {
        var dense = new Choice[model.layers().size()];
        routed.forEach(l -> dense[l] = Choice.DENSE);
        double all = share(with(model, dense), mix);
        var costs = new double[routed.size()][choices.size()];
        for (int i = 0; i < costs.length; i++) {
            for (int c = 0; c < choices.size(); c++) {
                Choice[] one = dense.clone();
                one[routed.get(i)] = choices.get(c);
                costs[i][c] = share(with(model, one), mix) - all + all / costs.length;
            }
        }
        return costs;
    }

    /** What of the dense model's FLOPs a model has left as it is run, in which the last layer computes no more than the last token needs. */
    private static double share(Model model, Cost.Mix mix) {
        Model flat = model;
        for (Pass<NoOptions> pass : List.of(new LowerMod(), new CommonSubexpressions(), new DeadCode(), new HoistGather())) {
            flat = pass.run(flat, new NoOptions(), PassContext.builder().build()) instanceof Outcome.Changed c ? c.model() : flat;
        }
        return Cost.lastToken(flat, mix).flops() / Cost.lastToken(DenseLayers.of(model), mix).flops();
    }

    private static Choice[] settings(Model model, List<Integer> routed, List<Choice> choices, int[] chosen) {
        var settings = new Choice[model.layers().size()];
        for (int i = 0; i < chosen.length; i++) {
            settings[routed.get(i)] = choices.get(chosen[i]);
        }
        return settings;
    }

    /** The model with these settings of its routed layers; what no layer reads any more is gone. */
    private static Model with(Model model, Choice[] settings) {
        Outcome outcome = Rewriter.graph(model).apply(PassContext.builder().build(), "layers", site -> {
            if (site.node().kind() instanceof DecoderLayer l && settings[l.index()] != null) {
                Choice choice = settings[l.index()];
                if (choice.ratio == 1) {
                    site.replaceKind(new Layer(l.index()), site.operands().subList(0, Layer.OPERANDS));
                } else {
                    Routing r = l.routed().orElseThrow();
                    site.replaceKind(new ModLayer(l.index(), r.withSelection(r.selection().withRatio(choice.ratio)).withKv(choice.kv)));
                }
            }
        });
        Model changed = outcome instanceof Outcome.Changed c ? c.model() : model;
        return new DeadCode().run(changed, new NoOptions(), PassContext.builder().build()) instanceof Outcome.Changed c ? c.model() : changed;
    }

    /** The same settings, a layer's ratio raised as far as the budget lets it: steps between ratios are coarse, and the last one goes beyond. */
    private static Choice[] relaxed(Model model, Choice[] settings, int layer, double most, Options options, Cost.Mix mix) {
        double low = settings[layer].ratio;
        double high = most;
        Choice[] best = settings;
        for (int i = 0; i < STEPS; i++) {
            double middle = (low + high) / 2;
            Choice[] raised = settings.clone();
            raised[layer] = new Choice(Math.floor(middle * FINEST) / FINEST, settings[layer].kv);
            if (share(with(model, raised), mix) <= options.budget()) {
                low = middle;
                best = raised;
            } else {
                high = middle;
            }
        }
        return best;
    }
}
