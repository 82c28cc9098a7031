// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.skip;

import io.github.depthc.ir.Counted;
import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.ComputedWeights;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.passes.api.Cost;
import io.github.depthc.passes.api.Doc;
import io.github.depthc.passes.api.OptionException;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Rewriter;
import io.github.depthc.passes.builtin.BuiltinPasses;
import io.github.depthc.passes.builtin.DenseLayers;
import io.github.depthc.passes.builtin.allocate.Effort;
import io.github.depthc.passes.builtin.allocate.Rehearsal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Gives routed layers a skip path, {@link Routing.SkipPath.Linear}: in the place of what the layer would have added to a skipped token, an
 * affine map of the token's normed hidden state. Layer by layer, in the model as it is converted so far, the map is fitted by reduced-rank
 * ridge regression to the tokens of the calibration prompts that the layer skips. A layer keeps it where it brings the next-token
 * distributions on held-out prompts nearer to the dense model's; else its skipped tokens stay as they are.
 */
public final class FitSkipPath implements Pass<FitSkipPath.Options> {
    /**
     * Options.
     *
     * @param rank         rank of the maps; 0, or the width of the hidden states and more, for no bound
     * @param ridge        ridge, as a share of the mean variance of the normed hidden states
     * @param heldOut      share of the calibration prompts that the maps are judged by
     * @param continuation tokens at the end of each sample that are not part of its prompt
     * @param budget       share of the dense model's prefill FLOPs that the model may have with its paths; 1 for no bound
     */
    public record Options(@Doc("rank of the maps; 0 for no bound") int rank,
            @Doc("ridge of the regression, as a share of the mean variance of its inputs") double ridge,
            @Doc("share of the calibration samples that the maps are not fitted to but judged by") double heldOut,
            @Doc("tokens at the end of each calibration sample that come behind the prompt") int continuation,
            @Doc("share of the dense model's prefill FLOPs, as both are run, that no path may lead beyond; 1 for no bound") double budget) {
        public Options {
            require(rank >= 0, "rank", "rank is " + rank + ", expected 0 or more");
            require(ridge >= 0 && ridge < Double.POSITIVE_INFINITY, "ridge", "ridge is " + ridge + ", expected 0 or more");
            require(heldOut > 0 && heldOut < 1, "heldOut", "heldOut is " + heldOut + ", expected more than 0 and less than 1");
            require(continuation >= 1, "continuation", "continuation is " + continuation + ", expected at least 1");
            require(budget > 0 && budget <= 1, "budget", "budget is " + budget + ", expected more than 0 and at most 1");
        }

        private static void require(boolean fits, String option, String message) {
            if (!fits) {
                throw new OptionException(option, message);
            }
        }
    }

    @Override
    public PassSpec<Options> spec() {
        return new PassSpec<>("fit-skip-path", "fit a cheap stand-in for what routed layers would have added to the tokens they skip", new Options(8, 0.01, 0.25, 64, 1));
    }

    @Override
    public Outcome run(Model model, Options options, PassContext context) {
        Optional<Outcome.NotApplicable> lowered = DenseLayers.lowered(model);
        if (lowered.isPresent()) {
            return lowered.get();
        }
        if (model.encoder()) {
            throw new InputException("fit-skip-path goes by what becomes of the next token's probabilities, which an encoder does not have; leave it out");
        }
        List<Integer> layers = layers(model);
        if (layers.isEmpty()) {
            return new Outcome.NotApplicable(model.routed() ? "every routed layer has a path for its skipped tokens already"
                    : "no layer is routed; put select-layers and convert-to-mod before this pass");
        }
        var effort = new Effort("fitting skip paths", context.progress());
        try (var rehearsal = new Rehearsal(model, options.continuation(), context, Rehearsal.Limits.DEFAULT, effort::ran)) {
            rehearsal.remarkLeftOut();
            return new Run(model, options, context, rehearsal, effort).of(layers);
        }
    }

    /** Indices of the layers whose skipped tokens stay as they are. */
    private static List<Integer> layers(Model model) {
        return model.layers().stream().filter(n -> n.kind() instanceof ModLayer m && m.routing().skip() instanceof Routing.SkipPath.Identity)
                .map(n -> ((ModLayer) n.kind()).index()).toList();
    }

    /** One run over a model. */
    private static final class Run {
        private final Options options;
        private final PassContext context;
        private final Rehearsal rehearsal;
        private final Effort effort;
        private final boolean[] heldOut;
        private final int[] judges;
        private final List<SkipPathTrace.Tried> tried = new ArrayList<>();
        private Model model;
        private double kl;

        Run(Model model, Options options, PassContext context, Rehearsal rehearsal, Effort effort) {
            this.model = model;
            this.options = options;
            this.context = context;
            this.rehearsal = rehearsal;
            this.effort = effort;
            this.heldOut = heldOut(rehearsal.samples(), options.heldOut());
            this.judges = IntStream.range(0, heldOut.length).filter(i -> heldOut[i]).toArray();
        }

        /** Evenly spaced, so that both shares see all of a text; at least one in each. */
        private static boolean[] heldOut(int samples, double share) {
            if (samples < 2) {
                throw new InputException("calibration has one sample to fit skip paths to and none to judge them by, expected at least 2; give more text");
            }
            int count = Math.clamp(Math.round(samples * share), 1, samples - 1);
            var chosen = new boolean[samples];
            for (int i = 0; i < samples; i++) {
                chosen[i] = (long) (i + 1) * count / samples > (long) i * count / samples;
            }
            return chosen;
        }

        Outcome of(List<Integer> layers) {
            int all = model.layers().size();
            long each = layers.stream().mapToLong(l -> all - l).sum();
            effort.left((long) (all + layers.getLast()) * heldOut.length + (each + all) * judges.length);
            Model given = model;
            kl = mean(rehearsal.kl(model, judges));
            double before = kl;
            layers.forEach(this::layer);
            context.finding(new SkipPathTrace(heldOut.length - judges.length, judges.length, List.copyOf(tried)));
            long accepted = tried.stream().filter(SkipPathTrace.Tried::accepted).count();
            if (accepted == 0) {
                return new Outcome.Unchanged();
            }
            context.remark(Diagnostic.remark(Location.NONE, String.format(Locale.ROOT, "With %s mean KL(dense ‖ converted) of the next token on %s is %.4f nats and not %.4f, "
                    + "at %.4f and not %.4f of the dense model's prefill FLOPs, as both are run.", Counted.of(accepted, "skip path"),
                    Counted.of(judges.length, "held-out prompt"), kl, before, share(model), share(given))));
            return new Outcome.Changed(model, String.format(Locale.ROOT, "%s, KL %.4f", Counted.of(accepted, "skip path"), kl));
        }

        /** What of the dense model's FLOPs a model has left, both as they are run. */
        private double share(Model some) {
            return Cost.lastToken(BuiltinPasses.lowered(some), rehearsal.meanPrompt()).flops()
                    / Cost.lastToken(BuiltinPasses.lowered(DenseLayers.of(some)), rehearsal.meanPrompt()).flops();
        }

        private void layer(int layer) {
            if (options.budget() < 1) {
                double with = share(with(model, layer, AffineMap.zero(rank(model.info().hidden()), model.info().hidden())));
                if (with > options.budget()) {
                    remark(layer, String.format(Locale.ROOT, "a skip path would lead to %.4f of the dense model's prefill FLOPs, beyond the budget of %s: skipped tokens stay as they are",
                            with, options.budget()));
                    return;
                }
            }
            Rehearsal.Standing standing = rehearsal.before(model, layer);
            int width = (int) standing.prompts().getFirst().hidden().shape()[1];
            try (var gram = new GramMatrices(width)) {
                Optional<SkipProbe> probe = SkipProbe.of(standing.part(), layer, context);
                if (probe.isEmpty()) {
                    remark(layer, "has no norm of its input, which a skip path reads");
                    return;
                }
                add(standing.prompts(), probe.get(), gram);
                if (gram.count() <= width) {
                    remark(layer, "skips " + Counted.of(gram.count(), "token") + " of the calibration prompts, expected more than the " + width
                            + " numbers of a hidden state to fit a skip path; give more text");
                    return;
                }
                long tokens = gram.count();
                Optional<AffineMap> map = gram.fit(Math.min(options.rank(), width), options.ridge());
                if (map.isEmpty()) {
                    remark(layer, "skips tokens whose hidden states leave a direction open: no one skip path fits best; give a larger ridge");
                    return;
                }
                judge(layer, tokens, map.get());
            }
        }

        private void add(List<Rehearsal.Prompt> prompts, SkipProbe probe, GramMatrices gram) {
            try (probe) {
                for (int i = 0; i < heldOut.length; i++) {
                    if (!heldOut[i]) {
                        SkipProbe.Seen seen = probe.see(prompts.get(i));
                        gram.add(seen.normed(), seen.added(), seen.skipped());
                    }
                }
            }
        }

        private void judge(int layer, long tokens, AffineMap map) {
            Model with = with(model, layer, map);
            var one = new SkipPathTrace.Tried(layer, tokens, map.rank(), map.explains(), kl, mean(rehearsal.kl(with, judges)));
            tried.add(one);
            remark(layer, String.format(Locale.ROOT, "a skip path of rank %d, fitted to %s, explains %.0f %% of what the layer would have added; KL on %s %.6f -> %.6f: %s",
                    map.rank(), Counted.of(tokens, "skipped token"), 100 * map.explains(), Counted.of(judges.length, "held-out prompt"), one.before(), one.after(),
                    one.accepted() ? "accepted" : "not accepted, skipped tokens stay as they are"));
            if (one.accepted()) {
                model = with;
                kl = one.after();
            }
        }

        /** Rank of the maps, as their weights have it. */
        private int rank(int width) {
            return options.rank() == 0 ? width : Math.min(options.rank(), width);
        }

        private void remark(int layer, String text) {
            context.remark(Diagnostic.remark(Location.of("layer " + layer), text));
        }

        private static double mean(double[] values) {
            return Arrays.stream(values).average().orElseThrow();
        }
    }

    /** A model, one of its layers with a skip path. */
    private static Model with(Model model, int layer, AffineMap map) {
        String name = "layers." + layer + ".skip.";
        int width = map.c().length;
        WeightExpr.Stored down = ComputedWeights.weight(name + "down", map.rank(), width);
        WeightExpr.Stored up = ComputedWeights.weight(name + "up", width, map.rank());
        WeightExpr.Stored c = ComputedWeights.weight(name + "c", width);
        var store = ComputedWeights.add(ComputedWeights.add(ComputedWeights.add(model.weights(), down, map.down()), up, map.up()), c, map.c());
        Outcome outcome = Rewriter.graph(model).apply(PassContext.builder().build(), "layers", site -> {
            if (site.node().kind() instanceof ModLayer m && m.index() == layer) {
                var operands = new ArrayList<Value>(site.operands());
                for (WeightExpr.Stored w : List.of(down, up, c)) {
                    operands.add(site.builder().add(w.name(), new Weight(w)));
                }
                site.replaceKind(new ModLayer(layer, m.routing().withSkip(new Routing.SkipPath.Linear(map.rank()))), operands);
            }
        });
        return ((Outcome.Changed) outcome).model().withWeights(store);
    }
}
