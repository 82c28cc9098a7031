// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.text.Printer;
import io.github.depthc.ir.weight.ComputedWeights;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.Rewriter;
import io.github.depthc.passes.builtin.cleanup.DeadCode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleFunction;
import java.util.stream.IntStream;

/** The routed layers of a model, what may be done with each, and the models that come of that. */
final class LayerChoices {
    /** Steps of the search for the last layer's ratio. */
    private static final int STEPS = 30;
    /** Ratios are found to four places. */
    private static final double FINEST = 1e4;
    private static final int NAME_BYTES = 8;

    private final Model model;
    private final List<Choice> choices;
    private final List<Integer> routed;

    /**
     * @param model   with routed layers, which are nodes
     * @param choices what may be done with each; the first is {@link Choice#DENSE}
     */
    LayerChoices(Model model, List<Choice> choices) {
        this.model = model;
        this.choices = choices;
        this.routed = IntStream.range(0, model.layers().size()).filter(l -> model.layers().get(l).kind() instanceof ModLayer).boxed().toList();
    }

    /** The model, with routed layers. */
    Model model() {
        return model;
    }

    /** Indices of the routed layers. */
    List<Integer> routed() {
        return routed;
    }

    /** What may be done with each, {@link Choice#DENSE} first. */
    List<Choice> choices() {
        return choices;
    }

    /** A choice by its number. */
    Choice choice(int number) {
        return choices.get(number);
    }

    /** Shares of the dense model's cost, by routed layer and choice; what no choice changes is spread over the layers. */
    double[][] costs(Share share) {
        var dense = settings(new int[routed.size()]);
        double all = share.of(dense);
        var costs = new double[routed.size()][choices.size()];
        for (int i = 0; i < costs.length; i++) {
            costs[i][0] = all / costs.length;
            for (int c = 1; c < choices.size(); c++) {
                Choice[] one = dense.clone();
                one[routed.get(i)] = choices.get(c);
                costs[i][c] = share.of(one) - all + all / costs.length;
            }
        }
        return costs;
    }

    /** What is done with every layer, by index; null where a layer is not routed. */
    Choice[] settings(int[] chosen) {
        var settings = new Choice[model.layers().size()];
        for (int i = 0; i < chosen.length; i++) {
            settings[routed.get(i)] = choices.get(chosen[i]);
        }
        return settings;
    }

    /** The model with these settings of its routed layers; what no layer reads any more is gone. */
    Model with(Choice[] settings) {
        Outcome outcome = Rewriter.graph(model).apply(PassContext.builder().build(), "layers", site -> {
            if (site.node().kind() instanceof DecoderLayer l && settings[l.index()] != null) {
                Choice choice = settings[l.index()];
                if (choice.ratio() == 1) {
                    site.replaceKind(new Layer(l.index()), site.operands().subList(0, Layer.OPERANDS));
                } else {
                    Routing r = l.routed().orElseThrow();
                    site.replaceKind(new ModLayer(l.index(), r.withPart(Routing.Part.LAYER).withSelection(r.selection().withRatio(choice.ratio()))
                            .withKv(choice.form().kv()).withPart(choice.form().part())));
                }
            }
        });
        Model changed = outcome instanceof Outcome.Changed c ? c.model() : model;
        return new DeadCode().run(changed, new NoOptions(), PassContext.builder().build()) instanceof Outcome.Changed c ? c.model() : changed;
    }

    /**
     * The same settings, a layer's ratio raised as far as the budget lets it: steps between ratios are coarse, and the last one goes beyond.
     *
     * @param before the layer's ratio before that step; one that was no higher is no bound
     */
    Choice[] relaxed(Choice[] settings, int layer, double before, double budget, Share share) {
        double low = settings[layer].ratio();
        double high = before > low ? before : 1;
        Choice[] best = settings;
        for (int i = 0; i < STEPS; i++) {
            double middle = (low + high) / 2;
            Choice[] raised = settings.clone();
            raised[layer] = new Choice(Math.floor(middle * FINEST) / FINEST, settings[layer].form());
            if (share.of(raised) <= budget) {
                low = middle;
                best = raised;
            } else {
                high = middle;
            }
        }
        return best;
    }

    /**
     * One ratio for the routed layers but the model's first and last (for all of them, where there are no others), as high as the budget lets it.
     *
     * @param least the ratio must not be below it; empty where it would have to
     */
    Optional<Choice[]> even(Form form, double least, double budget, Share share) {
        int lastLayer = model.layers().size() - 1;
        List<Integer> inner = routed.stream().filter(l -> l != 0 && l != lastLayer).toList();
        DoubleFunction<Choice[]> at = ratio -> {
            Choice[] settings = settings(new int[routed.size()]);
            (inner.isEmpty() ? routed : inner).forEach(l -> settings[l] = new Choice(ratio, form));
            return settings;
        };
        double low = least;
        double high = 1;
        Optional<Choice[]> best = Optional.of(at.apply(least)).filter(s -> share.of(s) <= budget);
        for (int i = 0; best.isPresent() && i < STEPS; i++) {
            double middle = (low + high) / 2;
            Choice[] raised = at.apply(Math.floor(middle * FINEST) / FINEST);
            if (share.of(raised) <= budget) {
                low = middle;
                best = Optional.of(raised);
            } else {
                high = middle;
            }
        }
        return best;
    }

    /** Settings as data, of the layers that skip. */
    static List<AllocationTrace.Setting> skipping(Choice[] settings) {
        var skipping = new ArrayList<AllocationTrace.Setting>();
        for (int l = 0; l < settings.length; l++) {
            if (settings[l] != null && settings[l].ratio() < 1) {
                skipping.add(new AllocationTrace.Setting(l, settings[l].ratio(), settings[l].form().kv(), settings[l].form().part()));
            }
        }
        return skipping;
    }

    /** A name that other models with the checkpoint's weights have not. */
    String name() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(Printer.print(model).getBytes(StandardCharsets.UTF_8));
            addComputed(model.graph(), digest);
            return HexFormat.of().formatHex(digest.digest(), 0, NAME_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The values of weights that passes have computed: the text has their names alone. */
    private void addComputed(Region region, MessageDigest digest) {
        for (Node node : region.nodes()) {
            if (node.kind() instanceof Weight w) {
                WeightStore.leaves(w.expr()).stream().filter(leaf -> leaf.source().equals(ComputedWeights.SOURCE))
                        .forEach(leaf -> digest.update(model.weights().find(leaf).bytes().asByteBuffer()));
            }
            node.regions().forEach(inner -> addComputed(inner, digest));
        }
    }
}
