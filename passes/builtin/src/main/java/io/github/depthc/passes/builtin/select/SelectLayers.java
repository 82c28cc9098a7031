// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.select;

import io.github.depthc.ir.Counted;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.passes.api.Doc;
import io.github.depthc.passes.api.OptionException;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Rewriter;
import io.github.depthc.passes.builtin.DenseLayers;
import io.github.depthc.passes.builtin.arank.Arank;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Marks the layers that are to become Mixture-of-Depths layers. */
public final class SelectLayers implements Pass<SelectLayers.Options> {
    /** How layers are chosen. */
    public enum Rule {
        /** Those listed. */
        GIVEN,
        /** Every layer. */
        ALL,
        /** No layer. */
        NONE,
        /** Layers 1, 3, 5, … (p-MoD's {@code interleave}). */
        ODD,
        /** Layers 2 … L−2 (p-MoD's {@code deep_all}). */
        DEEP,
        /** The {@code count} layers of the lowest ARank. */
        ARANK,
        /** The {@code count} layers that change the hidden states least (Block Influence). */
        BLOCK_INFLUENCE,
        /** The layers whose ARank is below the midpoint of the lowest and the highest; never the first or the last. */
        ARANK_AUTO
    }

    /**
     * Options.
     *
     * @param rule   how layers are chosen
     * @param layers given: which, from 0
     * @param count  arank, block_influence: how many
     */
    public record Options(@Doc("how layers are chosen") Rule rule, @Doc("given: which layers, from 0") List<Integer> layers,
            @Doc("arank, block_influence: how many layers") int count) {
        public Options {
            layers = List.copyOf(layers);
            if (rule != Rule.GIVEN && !layers.isEmpty()) {
                throw new OptionException("layers", "layers has no effect: rule " + text(rule) + " does not list them; remove one or the other");
            }
            boolean counts = rule == Rule.ARANK || rule == Rule.BLOCK_INFLUENCE;
            if (counts && count < 1) {
                throw new OptionException("count", "count is " + count + ", expected 1 or more with rule " + text(rule));
            }
            if (!counts && count != 0) {
                throw new OptionException("count", "count has no effect: rule " + text(rule) + " takes no number of layers; remove one or the other");
            }
        }

        /** Whether choosing runs the model on calibration samples. */
        public boolean measures() {
            return rule == Rule.ARANK || rule == Rule.BLOCK_INFLUENCE || rule == Rule.ARANK_AUTO;
        }

        private static String text(Rule rule) {
            return rule.name().toLowerCase(Locale.ROOT);
        }

        /** A rule that needs nothing more. */
        public static Options of(Rule rule) {
            return new Options(rule, List.of(), 0);
        }

        /** These layers. */
        public static Options given(List<Integer> layers) {
            return new Options(Rule.GIVEN, layers, 0);
        }

        /** The layers of lowest ARank. */
        public static Options arank(int count) {
            return new Options(Rule.ARANK, List.of(), count);
        }
    }

    @Override
    public PassSpec<Options> spec() {
        return new PassSpec<>("select-layers", "mark the layers that are to become Mixture-of-Depths layers", Options.given(List.of()));
    }

    @Override
    public Outcome run(Model model, Options options, PassContext context) {
        Optional<Outcome.NotApplicable> none = DenseLayers.missing(model);
        if (none.isPresent()) {
            return none.get();
        }
        int n = model.layerCount();
        Set<Integer> chosen = switch (options.rule()) {
            case GIVEN -> given(options.layers(), n);
            case ALL -> IntStream.range(0, n).boxed().collect(Collectors.toSet());
            case NONE -> Set.of();
            case ODD -> IntStream.range(0, n).filter(i -> i % 2 == 1).boxed().collect(Collectors.toSet());
            case DEEP -> IntStream.range(2, Math.max(2, n - 1)).boxed().collect(Collectors.toSet());
            case ARANK -> lowest("of lowest ARank", context.analyses().get(new Arank(), model, context).layers().stream().mapToDouble(Arank.LayerRank::mean).toArray(),
                    options.count());
            case BLOCK_INFLUENCE -> lowest("of least Block Influence", context.analyses().get(new BlockInfluence(), model, context), options.count());
            case ARANK_AUTO -> below(context.analyses().get(new Arank(), model, context));
        };
        return Rewriter.graph(model).apply(context, "layers marked", site -> {
            if (site.node().kind() instanceof Layer l) {
                site.replaceKind(new Layer(l.index(), chosen.contains(l.index()), l.ratio()));
            }
        }).saying(chosen.size() + " of " + Counted.of(n, "layer") + " selected: " + new TreeSet<>(chosen));
    }

    private static Set<Integer> given(List<Integer> layers, int n) {
        if (layers.isEmpty()) {
            throw new OptionException("layers", "no layer is listed, expected some, such as layers=[1, 3], or another rule; rule=none selects none");
        }
        for (int i = 0; i < layers.size(); i++) {
            int l = layers.get(i);
            if (l < 0 || l >= n) {
                throw new OptionException("layers[" + i + "]", "layer " + l + " is selected, but the model has layers 0 to " + (n - 1));
            }
        }
        return new HashSet<>(layers);
    }

    /** The layers of the lowest values, the first among equals. */
    private static Set<Integer> lowest(String what, double[] values, int count) {
        if (count > values.length) {
            throw new OptionException("count", Counted.words(count, "layers " + what) + (count == 1 ? " is" : " are") + " asked for, but the model has "
                    + values.length);
        }
        return IntStream.range(0, values.length).boxed().sorted(Comparator.comparingDouble((Integer l) -> values[l])).limit(count).collect(Collectors.toSet());
    }

    private static Set<Integer> below(Arank.Result arank) {
        double[] means = arank.layers().stream().mapToDouble(Arank.LayerRank::mean).toArray();
        double low = Arrays.stream(means).min().orElseThrow();
        double high = Arrays.stream(means).max().orElseThrow();
        return IntStream.range(1, Math.max(1, means.length - 1)).filter(l -> means[l] < (low + high) / 2).boxed()
                .collect(Collectors.toSet());
    }
}
