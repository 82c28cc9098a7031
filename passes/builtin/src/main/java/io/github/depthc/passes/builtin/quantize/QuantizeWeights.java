// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.quantize;

import io.github.depthc.ir.Counted;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.EmbeddingNBits;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.LinearNBits;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.QuantizationError;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightExpr.Quantized.Part;
import io.github.depthc.ir.weight.WeightExpr.Quantized.Scales;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.Doc;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.api.Rewriter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Puts the matrices of linear layers, and tables of embeddings, into integers of 8 or 4 bits with a scale for each block
 * ({@link WeightExpr.Quantized}). The numbers are not made here but while the weights are written out. What other ops read, routers
 * above all, stays as it is, and so does a table whose rows are not whole blocks, or any such matrix where the scales are an engine's. A table
 * that is the head's matrix too stays one.
 */
public final class QuantizeWeights implements Pass<QuantizeWeights.Options> {
    /**
     * Options.
     *
     * @param bits    4 or 8
     * @param block   elements with a scale of their own: 32, 64 or 128
     * @param only    patterns of weights' names, of which one must fit, {@code *} for any text; none for all weights
     * @param except  patterns of names of weights that stay as they are
     * @param measure whether to read all weights once more for what it costs
     * @param scales  what a scale may be: of either sign as ONNX Runtime has them, or positive and of a GPU's type
     */
    public record Options(@Doc("of a code, 4 or 8") int bits, @Doc("elements with a scale of their own: 32, 64 or 128") int block,
            @Doc("patterns of weights' names, one of which must fit, * for any text; none for all") List<String> only,
            @Doc("patterns of names of weights that stay as they are") List<String> except,
            @Doc("whether to read all weights once more to say what it costs") boolean measure,
            @Doc("what a scale may be: of either sign, or positive and of the type of a GPU's matrices, as engines take them; rows that are no whole blocks are left as they are then") Scales scales) {
        public Options {
            only = List.copyOf(only);
            except = List.copyOf(except);
            if (bits != 4 && bits != 8) {
                throw new IllegalArgumentException("bits is " + bits + ", expected 4 or 8");
            }
            if (block != 32 && block != 64 && block != 128) {
                throw new IllegalArgumentException("block is " + block + ", expected 32, 64 or 128");
            }
        }

        /** With scales of either sign. */
        public Options(int bits, int block, List<String> only, List<String> except, boolean measure) {
            this(bits, block, only, except, measure, Scales.EITHER_SIGN);
        }

        private WeightExpr.Quantized part(WeightExpr weight, Part part) {
            return new WeightExpr.Quantized(weight, bits, block, part, scales);
        }

        private boolean fits(WeightExpr weight) {
            List<String> names = names(weight);
            return (only.isEmpty() || matches(only, names)) && !matches(except, names);
        }

        private static boolean matches(List<String> patterns, Collection<String> names) {
            return patterns.stream().map(Options::pattern).anyMatch(p -> names.stream().anyMatch(n -> p.matcher(n).matches()));
        }

        private static Pattern pattern(String glob) {
            return Pattern.compile("\\Q" + glob.replace("\\E", "\\E\\\\E\\Q").replace("*", "\\E.*\\Q") + "\\E");
        }
    }

    private static final int SHOWN = 8;
    private static final Comparator<QuantizationTrace.Place> BY_ERROR = Comparator.comparingDouble(p -> p.error().relative());
    /** The defaults. */
    public static final Options DEFAULT = new Options(8, 32, List.of(), List.of(), true);

    @Override
    public PassSpec<Options> spec() {
        return new PassSpec<>("quantize-weights", "put the weights of linear layers and embeddings into 8 or 4 bits", DEFAULT);
    }

    @Override
    public Outcome run(Model model, Options options, PassContext context) {
        var done = new LinkedHashMap<WeightExpr, Spot>();
        var names = new Names(new TreeSet<>(), new TreeSet<>());
        var left = new TreeSet<String>();
        Set<WeightExpr> tables = tables(model);
        Model changed = model;
        for (var rewriter : List.<Function<Model, Rewriter>>of(Rewriter::bodies, Rewriter::graph)) {
            Outcome outcome = rewriter.apply(changed).apply(context.quiet(), "weights quantized", site -> quantize(site, options, tables, done, names, left));
            if (outcome instanceof Outcome.Changed c) {
                changed = c.model();
            }
        }
        requireFitting(options, names, model);
        if (!left.isEmpty()) {
            context.remark(Diagnostic.remark(Location.NONE, Counted.of(left.size(), "weight") + (left.size() == 1 ? " stays as it is: its" : " stay as they are: their")
                    + " rows are no whole blocks of " + options.block() + " (" + some(left) + ")."));
        }
        if (changed == model) {
            return new Outcome.Unchanged();
        }
        context.statistic("weights quantized", done.size());
        shortRows(done.keySet(), options.block()).ifPresent(context::remark);
        if (options.measure()) {
            measure(done, model.weights(), options, context);
        }
        return new Outcome.Changed(changed, Counted.of(done.size(), "weight") + " in " + options.bits() + " bits, blocks of " + options.block());
    }

    /** Weights whose rows are looked up: those that are read by a product too stay one tensor. */
    private static Set<WeightExpr> tables(Model model) {
        return Stream.concat(model.graph().nodes().stream(), model.layers().stream().flatMap(l -> l.region().nodes().stream()))
                .filter(n -> n.kind() instanceof Embedding).flatMap(n -> weight(n).stream()).map(r -> ((Weight) r.node().kind()).expr()).collect(Collectors.toSet());
    }

    /** What a node takes as its matrix or table, where that is a weight. */
    private static Optional<Result> weight(Node node) {
        return node.operand(1) instanceof Result r && r.node().kind() instanceof Weight ? Optional.of(r) : Optional.empty();
    }

    private static void quantize(Rewriter.Site site, Options options, Set<WeightExpr> tables, Map<WeightExpr, Spot> done, Names names, Set<String> left) {
        Node node = site.node();
        boolean table = node.kind() instanceof Embedding;
        Optional<Result> read = table || node.kind() instanceof Linear ? weight(node) : Optional.empty();
        if (read.isEmpty()) {
            return;
        }
        Result r = read.get();
        WeightExpr weight = ((Weight) r.node().kind()).expr();
        (table ? names.embeddings : names.linear).addAll(names(weight));
        if (!options.fits(weight)) {
            return;
        }
        if ((tables.contains(weight) || options.scales() != Scales.EITHER_SIGN) && weight.type().fixedShape()[1] % options.block() != 0) {
            left.add(name(weight, r));
            return;
        }
        done.putIfAbsent(weight, site.layer().map(l -> Spot.layer(((DecoderLayer) l.kind()).index())).orElse(Spot.outside(name(weight, r))));
        RegionBuilder b = site.builder();
        var operands = new ArrayList<>(site.operands());
        operands.set(1, part(b, r, weight, options, Part.CODES));
        operands.add(2, part(b, r, weight, options, Part.SCALES));
        site.replaceKind(table ? new EmbeddingNBits(options.bits(), options.block()) : new LinearNBits(options.bits(), options.block()), operands);
    }

    private static Value part(RegionBuilder b, Value of, WeightExpr weight, Options options, Part part) {
        return b.add(of.name() + "_" + part.name().toLowerCase(Locale.ROOT), new Weight(options.part(weight, part)));
    }

    private static List<String> names(WeightExpr weight) {
        return WeightStore.leaves(weight).stream().map(WeightExpr.Stored::name).toList();
    }

    private static String name(WeightExpr weight, Value value) {
        return weight instanceof WeightExpr.Stored s ? s.name() : value.name();
    }

    /** Names of the weights of embeddings and of linear layers. Some are both: a head may have its embedding's. */
    private record Names(Set<String> embeddings, Set<String> linear) {
        private Set<String> all() {
            var all = new TreeSet<>(embeddings);
            all.addAll(linear);
            return all;
        }

        private Set<String> shared() {
            var shared = new TreeSet<>(embeddings);
            shared.retainAll(linear);
            return shared;
        }
    }

    /** A pattern that fits no weight is a slip. */
    private static void requireFitting(Options options, Names names, Model model) {
        Set<String> all = names.all();
        Stream.concat(options.only().stream(), options.except().stream()).filter(p -> !Options.matches(List.of(p), all)).findFirst().ifPresent(pattern -> {
            Set<String> shared = names.shared();
            throw new InputException("no weight of a linear layer or embedding in " + model.info().name() + " fits the pattern '" + pattern + "'; there are "
                    + some(all) + (shared.isEmpty() ? "" : " (the head has none of its own: its weight is the embedding's, " + some(shared) + ")"));
        });
    }

    private static String some(Collection<String> names) {
        return String.join(", ", names.stream().limit(SHOWN).toList()) + (names.size() > SHOWN ? ", …" : "");
    }

    /** What blocks larger than rows cost: a row begins a block of its own. */
    private static Optional<Diagnostic> shortRows(Collection<WeightExpr> done, int block) {
        LongSummaryStatistics rows = done.stream().mapToLong(w -> w.type().fixedShape()[1]).filter(row -> row < block).summaryStatistics();
        return rows.getCount() == 0 ? Optional.empty() : Optional.of(Diagnostic.remark(Location.NONE, Counted.of(rows.getCount(), "weight") + " of " + done.size()
                + (rows.getCount() == 1 ? " has" : " have") + " rows of " + rows.getMin() + (rows.getMin() == rows.getMax() ? "" : " to " + rows.getMax())
                + " elements, fewer than a block of " + block + ": each row is filled up with zeros to a block, which takes as much memory as one. Smaller blocks take less."));
    }

    private static void measure(Map<WeightExpr, Spot> done, WeightStore store, Options options, PassContext context) {
        var errors = new LinkedHashMap<Spot, QuantizationTrace.Place>();
        int at = 0;
        for (var entry : done.entrySet()) {
            context.progress().at("measuring what quantizing costs", at++, done.size());
            QuantizationError error = QuantizationError.of(options.part(entry.getKey(), Part.VALUES), store);
            Spot spot = entry.getValue();
            errors.merge(spot, new QuantizationTrace.Place(spot.name(), spot.layer(), 1, error),
                    (a, b) -> new QuantizationTrace.Place(a.name(), a.layer(), a.weights() + b.weights(), a.error().plus(b.error())));
        }
        context.finding(new QuantizationTrace(options.bits(), options.block(), List.copyOf(errors.values())));
        QuantizationTrace.Place best = Collections.min(errors.values(), BY_ERROR);
        QuantizationTrace.Place worst = Collections.max(errors.values(), BY_ERROR);
        context.remark(Diagnostic.remark(Location.NONE, String.format(Locale.ROOT, "%s in %d bits, in blocks of %d: relative error %.4f (%s) to %.4f (%s).",
                Counted.of(done.size(), "weight"), options.bits(), options.block(), best.error().relative(), best.name(), worst.error().relative(), worst.name())));
    }

    /** Where a weight is read. */
    private record Spot(String name, OptionalInt layer) {
        static Spot layer(int index) {
            return new Spot("layer " + index, OptionalInt.of(index));
        }

        static Spot outside(String weight) {
            return new Spot(weight, OptionalInt.empty());
        }
    }
}
