// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import io.github.depthc.ir.Counted;
import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.api.Doc;
import io.github.depthc.passes.api.Memo;
import io.github.depthc.passes.api.OptionException;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassSpec;
import io.github.depthc.passes.builtin.DenseLayers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * Chooses the ratio of every routed layer, and whether skipped tokens' keys and values are kept, by what that does to the model's
 * answers: the KL divergence of the next-token distributions from the dense model's, on calibration samples whose last tokens are
 * fed behind the routed prompt; or by what it does to an encoder's vectors of texts. Beside what is chosen layer by layer, one ratio for all layers but
 * the first and the last is measured, and taken where it is better. Layers for which nothing is saved become dense again. How a layer
 * chooses its tokens is left as it is.
 */
public final class AllocatePass implements Pass<AllocatePass.Options> {
    /**
     * Options.
     *
     * @param budget       share of the dense model's cost that is left
     * @param of           what is counted as cost
     * @param ratios       the ratios that are tried
     * @param kv           what is tried for the keys and values of skipped tokens
     * @param kvBy         whether each layer may have another of these
     * @param parts        what is tried for the part that tokens skip
     * @param continuation tokens at the end of each sample that are not part of its prompt
     */
    public record Options(@Doc("share of the dense model's cost that is left") double budget,
            @Doc("what that counts: prefill FLOPs, attention scores included, as both are run; bytes of the KV cache behind the prompt; or the layers' prefill "
                    + "time, measured on this machine") BudgetOf of,
            @Doc("the ratios that are tried in each layer") List<Double> ratios,
            @Doc("what is tried for the keys and values of skipped tokens") List<Routing.SkippedKv> kv,
            @Doc("whether each layer may have another of these, or all have the one that is better where they have one ratio") KvBy kvBy,
            @Doc("which parts of a layer skipped tokens may skip; each layer may have another of these") List<Routing.Part> parts,
            @Doc("tokens at the end of each calibration sample that come behind the prompt; of an encoder's none do") int continuation) {
        public Options {
            ratios = List.copyOf(ratios);
            kv = List.copyOf(kv);
            parts = List.copyOf(parts);
            require(budget > 0 && budget < 1, "budget", "budget is " + budget + ", expected more than 0 and less than 1");
            require(!ratios.isEmpty(), "ratios", "ratios is empty, expected at least one value to try");
            require(!kv.isEmpty(), "kv", "kv is empty, expected at least one value to try");
            require(!parts.isEmpty(), "parts", "parts is empty, expected at least one value to try");
            require(ratios.stream().allMatch(r -> r >= 0 && r < 1), "ratios", "ratios are " + ratios + ", expected 0 or more and less than 1");
            require(continuation >= 1, "continuation", "continuation is " + continuation + ", expected at least 1");
        }

        private static void require(boolean fits, String option, String message) {
            if (!fits) {
                throw new OptionException(option, message);
            }
        }
    }

    /** For what the keys and values of skipped tokens are chosen. */
    public enum KvBy {
        /** For each layer. */
        LAYER,
        /** For all layers together. */
        MODEL
    }

    /** Fewer prompts say little of others. */
    private static final int FEW = 4;

    private final LongSupplier clock;

    public AllocatePass() {
        this(System::nanoTime);
    }

    /** With another clock, in nanoseconds. */
    AllocatePass(LongSupplier clock) {
        this.clock = clock;
    }

    @Override
    public PassSpec<Options> spec() {
        return new PassSpec<>("allocate", "choose each routed layer's ratio under a budget by measuring the change of the model's answers",
                new Options(0.6, BudgetOf.FLOPS, List.of(0.7, 0.5, 0.3, 0.15), List.of(Routing.SkippedKv.KEEP), KvBy.LAYER, List.of(Routing.Part.LAYER), 64));
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
        requireMeasurable(model);
        var effort = new Effort("measuring what may skip", context.progress());
        try (var rehearsal = new Rehearsal(model, options.continuation(), context, Rehearsal.Limits.DEFAULT, effort::ran)) {
            rehearsal.remarkLeftOut();
            if (rehearsal.samples() < FEW) {
                context.remark(Diagnostic.remark(Location.NONE, "Measured on " + Counted.of(rehearsal.samples(), "prompt") + " alone: what is best there need not be best elsewhere; give "
                        + "more texts, of each of which no more than the beginning is read."));
            }
            List<Form> forms = Form.of(options.parts(), options.kv());
            LayerChoices all = layers(model, options, forms);
            Share share = share(all, options, rehearsal, context);
            var measured = new Measured(all, rehearsal, options, context.memo(), effort);
            requireReached(Arrays.stream(all.costs(share)).mapToDouble(l -> Arrays.stream(l).min().orElseThrow()).sum(), options);
            LayerChoices like = layers(model, options, chosen(forms, options, options.kv().getFirst()));
            effort.left((forms.size() * (long) rehearsal.layersFrom(0) + runs(like, rehearsal, new Allocation(like.costs(share), choices -> 0).expected(options.budget())))
                    * rehearsal.samples());
            List<Even> evens = evens(all, forms, options, share, measured);
            LayerChoices layers = evens.isEmpty() ? all : layers(model, options, chosen(forms, options, better(evens, options)));
            Allocation allocation = allocation(layers.costs(share), options, choices -> measured.kl(layers.settings(choices)));
            effort.left(runs(layers, rehearsal, allocation.expected(options.budget())) * rehearsal.samples());
            allocation.sweep();
            effort.left((allocation.expected(options.budget()) + 1L) * model.layers().size() * rehearsal.samples());
            Choice[] coarse = layers.settings(allocation.within(options.budget(), choices -> share.of(layers.settings(choices))));
            requireReached(share.of(coarse), options);
            Choice[] greedy = allocation.last().map(change -> layers.relaxed(coarse, layers.routed().get(change.layer()), layers.choice(change.before()).ratio(),
                    options.budget(), share)).orElse(coarse);
            AllocationTrace.Tried byLayer = tried(greedy, share, measured.kl(greedy));
            boolean even = !evens.isEmpty() && least(evens).loss() < byLayer.loss();
            Choice[] settings = even ? least(evens).settings() : greedy;
            var measurements = new ArrayList<AllocationTrace.Tried>();
            allocation.tried().forEach(t -> measurements.add(new AllocationTrace.Tried(LayerChoices.skipping(layers.settings(t.choices())), t.cost(), t.loss())));
            evens.forEach(e -> measurements.add(tried(e.settings(), share, e.loss())));
            measurements.add(byLayer);
            AllocationTrace trace = trace(measurements, even ? tried(settings, share, least(evens).loss()) : byLayer, options, rehearsal);
            return report(layers.with(settings), trace, rehearsal, context);
        }
    }

    /** One ratio for all routed layers but the first and the last of the model, as far as the budget lets it, and what that does. */
    private record Even(Form form, Choice[] settings, double loss) {
    }

    private static List<Even> evens(LayerChoices layers, List<Form> forms, Options options, Share share, Measured measured) {
        var evens = new ArrayList<Even>();
        double least = options.ratios().stream().mapToDouble(r -> r).min().orElseThrow();
        for (Form form : forms) {
            layers.even(form, least, options.budget(), share).ifPresent(settings -> evens.add(new Even(form, settings, measured.kl(settings))));
        }
        return evens;
    }

    /** What becomes of keys and values where one ratio does least, among forms that have a choice. */
    private static Routing.SkippedKv better(List<Even> evens, Options options) {
        List<Even> choosing = evens.stream().filter(e -> e.form().part() != Routing.Part.MLP).toList();
        return choosing.isEmpty() ? options.kv().getFirst() : least(choosing).form().kv();
    }

    private static Even least(List<Even> evens) {
        return evens.stream().min(Comparator.comparingDouble(Even::loss)).orElseThrow();
    }

    /**
     * What {@link #run} would take, from one layer over a few samples: it measures no form of the model.
     *
     * @throws InputException as {@link #run}
     */
    public static AllocationForecast forecast(Model model, Options options, PassContext context) {
        if (DenseLayers.lowered(model).isPresent() || !model.routed()) {
            throw new InputException("no layer is routed; put select-layers and convert-to-mod before allocate");
        }
        requireMeasurable(model);
        try (var rehearsal = new Rehearsal(model, options.continuation(), context)) {
            List<Form> forms = Form.of(options.parts(), options.kv());
            LayerChoices layers = layers(model, options, chosen(forms, options, options.kv().getFirst()));
            // times are not measured yet; they go roughly with FLOPs
            Share share = options.of() == BudgetOf.KV ? Share.kv(layers, rehearsal.meanPrompt()) : Share.flops(layers, rehearsal.meanPrompt());
            Allocation allocation = options.of() == BudgetOf.TIME ? new Allocation(layers.costs(share), choices -> 0)
                    : allocation(layers.costs(share), options, choices -> 0);
            int alone = layers.routed().size() * (layers.choices().size() - 1);
            int together = allocation.expected(options.budget()) + 1 + forms.size();
            long runs = runs(layers, rehearsal, together - 1);
            Rehearsal.Pace pace = rehearsal.pace();
            double timing = options.of() == BudgetOf.TIME
                    ? PrefillTimes.forms(layers) * (pace.load() + PrefillTimes.runs(rehearsal.holdsSeveral()) * pace.layer() / rehearsal.samples()) : 0;
            return new AllocationForecast(rehearsal.samples(), rehearsal.leftOut(), rehearsal.tokens(), alone, together, runs, pace.layer(), pace.load(),
                    pace.seconds(runs, alone + together) + timing, rehearsal.weightBytes(), (Math.max(1, rehearsal.kept()) + 2) * rehearsal.stateBytes());
        }
    }

    private static void requireMeasurable(Model model) {
        if (model.encoder() && model.graph().yields().getFirst() != model.layers().getLast().result(0)) {
            throw new InputException("allocate measures the hidden states behind an encoder's last layer, and this one computes more from them; choose the ratios by "
                    + "a schedule");
        }
    }

    /** The forms of which each layer may have another one, when this one about keys and values is the better for the whole model. */
    private static List<Form> chosen(List<Form> forms, Options options, Routing.SkippedKv better) {
        return options.kvBy() == KvBy.LAYER ? forms : forms.stream().filter(f -> f.goesWith(better)).toList();
    }

    private static LayerChoices layers(Model model, Options options, List<Form> forms) {
        for (Node node : model.layers()) {
            if (node.kind() instanceof ModLayer m && m.routing().selection() instanceof Routing.Selection.Threshold) {
                throw new InputException("layer " + m.index() + " keeps tokens by a threshold, which has no ratio to choose");
            }
        }
        return new LayerChoices(model, choices(options, forms));
    }

    private Share share(LayerChoices layers, Options options, Rehearsal rehearsal, PassContext context) {
        return switch (options.of()) {
            case FLOPS -> Share.flops(layers, rehearsal.meanPrompt());
            case KV -> Share.kv(layers, rehearsal.meanPrompt());
            case TIME -> {
                var effort = new Effort("timing layers", context.progress());
                try (var loaded = new LoadedParts(layers.model(), context, Rehearsal.Limits.DEFAULT.weights())) {
                    effort.left((long) PrefillTimes.forms(layers) * PrefillTimes.runs(loaded.several()));
                    yield PrefillTimes.measure(layers, loaded, rehearsal, context.memo(), clock, effort::ran);
                }
            }
        };
    }

    private static List<Choice> choices(Options options, List<Form> forms) {
        var choices = new ArrayList<Choice>(List.of(Choice.DENSE));
        for (double ratio : options.ratios()) {
            forms.forEach(form -> choices.add(new Choice(ratio, form)));
        }
        return choices;
    }

    private static Allocation allocation(double[][] costs, Options options, Allocation.Loss loss) {
        var allocation = new Allocation(costs, loss);
        requireReached(allocation.least(), options);
        return allocation;
    }

    private static void requireReached(double least, Options options) {
        if (least > options.budget()) {
            throw new InputException("budget " + options.budget() + " cannot be reached: with these ratios at least " + String.format(Locale.ROOT, "%.4f", least)
                    + " is left of " + options.of().ofDense() + "; give a larger budget, or let allocate try smaller ratios"
                    + (options.of() == BudgetOf.TIME ? ", or time the layers when the machine does nothing else" : "")
                    + (options.of() == BudgetOf.KV && options.kv().contains(Routing.SkippedKv.KEEP) ? " and drop keys and values: kv=[drop]" : ""));
        }
    }

    /** About how often a layer is run over all samples: by the dense model, by each layer alone, and by so many combinations and the choice. */
    private static long runs(LayerChoices layers, Rehearsal rehearsal, int combinations) {
        return rehearsal.layersFromEach(layers.routed(), layers.choices().size() - 1L) + (combinations + 2L) * rehearsal.layersFrom(0);
    }

    private static AllocationTrace.Tried tried(Choice[] settings, Share share, double loss) {
        return new AllocationTrace.Tried(LayerChoices.skipping(settings), share.of(settings), loss);
    }

    /** Each measurement once, the choice last. */
    private static AllocationTrace trace(List<AllocationTrace.Tried> measurements, AllocationTrace.Tried chosen, Options options, Rehearsal rehearsal) {
        var once = new LinkedHashMap<List<AllocationTrace.Setting>, AllocationTrace.Tried>();
        measurements.forEach(t -> once.putIfAbsent(t.layers(), t));
        once.remove(chosen.layers());
        once.put(chosen.layers(), chosen);
        return new AllocationTrace(options.budget(), options.of(), rehearsal.answer(), rehearsal.samples(), List.copyOf(once.values()));
    }

    private static Outcome report(Model allocated, AllocationTrace trace, Rehearsal rehearsal, PassContext context) {
        for (AllocationTrace.Setting s : trace.chosen().layers()) {
            context.remark(Diagnostic.remark(Location.of("layer " + s.layer()), "keeps " + s.ratio() + " of the candidates" + switch (s.part()) {
                        case LAYER -> s.kv() == Routing.SkippedKv.KEEP ? ", and the keys and values of the others" : ", without the keys and values of the others";
                        case ATTENTION -> " in attention, " + (s.kv() == Routing.SkippedKv.KEEP ? "and" : "without") + " the keys and values of the others";
                        case MLP -> " in the MLP";
                    }));
        }
        context.remark(Diagnostic.remark(Location.NONE, String.format(Locale.ROOT, "Measured on %d calibration %s: %s is %s, at %.4f of %s.",
                trace.samples(), trace.samples() == 1 ? "prompt" : "prompts", trace.answer().mean(),
                trace.answer().withUnit(String.format(Locale.ROOT, "%.4f", trace.chosen().loss())),
                trace.chosen().share(), trace.of().ofDense())));
        context.finding(trace);
        context.statistic("combinations measured", trace.tried().size());
        context.statistic("layers run", rehearsal.layersRun());
        return new Outcome.Changed(allocated, String.format(Locale.ROOT, "%s %.4f at %.4f of the dense %s, by %d measurements", trace.answer().brief(), trace.chosen().loss(),
                trace.chosen().share(), trace.of().brief(), trace.tried().size()));
    }

    /** Measures settings, unless it is known what they measure. */
    private static final class Measured {
        private final LayerChoices layers;
        private final Rehearsal rehearsal;
        private final Memo memo;
        private final Effort effort;
        private final String name;

        Measured(LayerChoices layers, Rehearsal rehearsal, Options options, Memo memo, Effort effort) {
            this.layers = layers;
            this.rehearsal = rehearsal;
            this.memo = memo;
            this.effort = effort;
            this.name = rehearsal.answer().key() + " " + layers.name() + " continuation=" + options.continuation();
        }

        double kl(Choice[] settings) {
            List<AllocationTrace.Setting> skipping = LayerChoices.skipping(settings);
            String key = name + skipping.stream().map(s -> " " + s.layer() + ":" + s.ratio() + ":" + new Form(s.part(), s.kv()).key()).collect(Collectors.joining());
            OptionalDouble known = memo.get(key);
            if (known.isPresent()) {
                int first = skipping.isEmpty() ? 0 : skipping.getFirst().layer();
                effort.spared((long) (skipping.size() == 1 ? rehearsal.layersBehind(first) : rehearsal.layersFrom(first)) * rehearsal.samples());
                return known.getAsDouble();
            }
            double kl = Arrays.stream(rehearsal.kl(layers.with(settings))).average().orElseThrow();
            memo.put(key, kl);
            return kl;
        }
    }
}
