// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import io.github.depthc.backend.bundle.WeightsVariant;
import io.github.depthc.cli.plan.BudgetSolver;
import io.github.depthc.cli.plan.ConversionPipeline;
import io.github.depthc.cli.plan.PlanReport;
import io.github.depthc.cli.plan.ScheduleParser;
import io.github.depthc.cli.plan.SelectorParser;
import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.GatherRows;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.passes.api.Cost;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.builtin.BuiltinPasses;
import io.github.depthc.passes.builtin.DenseLayers;
import io.github.depthc.passes.builtin.allocate.AllocatePass;
import io.github.depthc.passes.builtin.allocate.AllocationTrace;
import io.github.depthc.passes.builtin.allocate.BudgetOf;
import io.github.depthc.passes.builtin.arank.Arank;
import io.github.depthc.passes.builtin.convert.ConvertToMod;
import io.github.depthc.passes.builtin.lower.LowerMod;
import io.github.depthc.passes.builtin.quantize.QuantizationTrace;
import io.github.depthc.passes.builtin.quantize.QuantizeWeights;
import io.github.depthc.passes.builtin.schedule.RetentionSchedule;
import io.github.depthc.passes.builtin.select.SelectLayers;
import io.github.depthc.passes.builtin.skip.FitSkipPath;
import io.github.depthc.passes.builtin.skip.SkipPathTrace;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A model on its way from dense to lowered.
 *
 * @param layered  the converted model, layers still nodes
 * @param lowered  the same, flat
 * @param pipeline the passes that converted it
 * @param style    name of the preset of its Mixture-of-Depths layers; empty when it has none or they come from a pipeline
 * @param arank    attention ranks, where the selection measured them
 * @param budget   the schedule that was solved for, where a budget was given
 * @param trained  whether the checkpoint had its routed layers already
 * @param allocation what was tried, where ratios were chosen by what the model answers
 * @param skipPaths  what was fitted for skipped tokens, where that was
 * @param quantization what quantising weights cost, for each time it was done
 * @param behindLowering the first pass, none of the built-in ones, that changed the model when it had no layers any more
 */
public record Conversion(Model layered, Model lowered, Pipeline pipeline, Optional<String> style, Optional<Arank.Result> arank,
        Optional<BudgetSolver.Solution> budget, boolean trained, Optional<AllocationTrace> allocation, Optional<SkipPathTrace> skipPaths,
        List<QuantizationTrace> quantization, Optional<String> behindLowering) {
    /**
     * How a model is converted without training, by its answers on calibration text: the best way measured, before the layers' ratios
     * are chosen.
     */
    private static final String RECIPE = "select-layers{rule=all},schedule{kind=constant, ratio=0.5},convert-to-mod{style=plain%s},";
    /** Which tokens a decoder's layers keep: see {@code docs/results/allocation.md}. */
    private static final String OF_DECODER = "route-by-recency";
    /** Which a decoder's keep that is measured on images: those that the text behind them attends to; the last of an image are no better than its first. */
    private static final String OF_IMAGES = "route-by-attention{observers=32, recent=0}";
    /**
     * Which tokens an encoder's layers keep, where the budget is large enough: what the choice itself costs leaves fewer tokens for the layers.
     * More observers than a text has tokens are all of them. See {@code docs/results/minilm.md}.
     */
    private static final String OF_ENCODER = "route-by-attention{observers=512, recent=0}";
    /** Which they keep below that. */
    private static final String OF_FRUGAL_ENCODER = "route-randomly{seed=1}";
    /** Between the two budgets of which one and the other was measured to be better. */
    private static final double FRUGAL = 0.75;
    private static final String PLAIN = ConvertToMod.Style.PLAIN.name().toLowerCase(Locale.ROOT);

    /** Presets of checkpoints that are Mixture-of-Depths models already, by {@code model_type}. */
    private static final Map<String, String> TRAINED = Map.of("pmod_llava_llama", "pmod", "mod_llava_llama", "gamma");

    /**
     * What is to be run.
     *
     * @param pipeline what the options mean
     * @param style    name of the preset of the layers it makes
     * @param budget   the schedule that was solved for
     */
    private record Planned(Pipeline pipeline, Optional<String> style, Optional<BudgetSolver.Solution> budget) {
    }

    /**
     * Converts and lowers a model.
     *
     * @param prompt the prompt at which a budget is counted, for a model that is converted so far as to have its layers
     * @throws InputException for options that contradict the model or each other
     */
    public static Conversion of(Model model, ConversionOptions options, Function<Model, Cost.Mix> prompt, PassContext context, PassRegistry registry) {
        Planned planned = plan(model, options, prompt, context, registry);
        var seen = new LastLayered(model);
        Model converted = planned.pipeline().run(model, context, seen);
        if (options.quantize().isPresent() && context.findings().of(QuantizationTrace.class).isEmpty()) {
            QuantizeWeights.Options how = options.quantize().get();
            throw new InputException("--weights " + WeightsVariant.ofBits(how.bits()).text() + " has no effect: " + (how.except().isEmpty()
                    ? "no weight has rows of whole blocks of " + how.block() + "; take smaller blocks (--weights-block 32), or leave --weights out"
                    : "--keep-weights keeps every weight that has rows of whole blocks of " + how.block() + "; remove one of them"));
        }
        if (model.routed() && !seen.model.routings().equals(model.routings())) {
            throw trained(model, ", but the pipeline changes them; leave out the passes that do");
        }
        if (!seen.model.routed() && !options.dense()) {
            context.remark(Diagnostic.remark(Location.NONE, "No layer became Mixture-of-Depths: every layer processes every token."));
        }
        Optional<String> style = seen.model.routed() ? planned.style() : Optional.empty();
        return new Conversion(seen.model, lower(converted, context, registry), planned.pipeline(), style, rank(planned.pipeline(), model, context),
                planned.budget(), model.routed(), last(context, AllocationTrace.class), last(context, SkipPathTrace.class),
                context.findings().of(QuantizationTrace.class), seen.behindLowering);
    }

    private static <T extends Record> Optional<T> last(PassContext context, Class<T> finding) {
        return context.findings().of(finding).stream().reduce((a, b) -> b);
    }

    /**
     * All passes that {@link #of} runs, those of the lowering included: the text that gives the same graph.
     *
     * @throws InputException for options that contradict the model or each other
     */
    public static Pipeline pipeline(Model model, ConversionOptions options, Function<Model, Cost.Mix> prompt, PassContext context,
            PassRegistry registry) {
        Pipeline planned = plan(model, options, prompt, context, registry).pipeline();
        boolean lowers = planned.steps().stream().anyMatch(s -> s.pass() instanceof LowerMod);
        return lowers ? planned : planned.then(Pipeline.parse(BuiltinPasses.LOWERING, registry));
    }

    /**
     * What choosing ratios by the model's answers will take: runs the passes before that, and none after it.
     *
     * @return empty if that is no part of the conversion
     * @throws InputException for options that contradict the model or each other
     */
    public static Optional<MeasuringEstimate> estimate(Model model, ConversionOptions options, Function<Model, Cost.Mix> prompt, PassContext context,
            PassRegistry registry) {
        List<Pipeline.Step<?>> steps = plan(model, options, prompt, context, registry).pipeline().steps();
        for (int i = 0; i < steps.size(); i++) {
            if (steps.get(i).options() instanceof AllocatePass.Options allocate) {
                Model before = Pipeline.of(steps.subList(0, i), registry).run(model, context, Pipeline.Listener.NONE);
                return Optional.of(new MeasuringEstimate(allocate.budget(), allocate.of(), AllocatePass.forecast(before, allocate, context)));
            }
        }
        return Optional.empty();
    }

    private static Planned plan(Model model, ConversionOptions options, Function<Model, Cost.Mix> prompt, PassContext context, PassRegistry registry) {
        Planned routing = routing(model, options, prompt, context, registry);
        if (options.quantize().isPresent() && routing.pipeline().steps().stream().anyMatch(s -> s.pass() instanceof QuantizeWeights)) {
            throw new InputException("--weights and the pipeline both quantize weights; leave --weights out");
        }
        return options.quantize().map(o -> new Planned(routing.pipeline().then(Pipeline.of(List.of(new Pipeline.Step<>(new QuantizeWeights(), o)), registry)),
                routing.style(), routing.budget())).orElse(routing);
    }

    private static Planned routing(Model model, ConversionOptions options, Function<Model, Cost.Mix> prompt, PassContext context, PassRegistry registry) {
        if (options.pipeline().isPresent()) {
            return new Planned(Pipeline.parse(options.pipeline().get(), registry), trainedStyle(model), Optional.empty());
        }
        if (model.routed()) {
            if (!options.given().isEmpty()) {
                throw trained(model, "; remove " + String.join(", ", options.given()));
            }
            return new Planned(Pipeline.of(List.of(), registry), trainedStyle(model), Optional.empty());
        }
        options.requireMeasuring();
        if (options.allocates()) {
            BudgetSolver.requireRatio(options.budget().getAsDouble());
            return new Planned(recipe(model, options.budget().getAsDouble(), options.counted(), registry), Optional.of(PLAIN), Optional.empty());
        }
        ConvertToMod.Style style = style(options, context);
        ConvertToMod.Options convert = new ConvertToMod.Options(style, ConversionOptions.kv(), options.images() && style == ConvertToMod.Style.PLAIN
                ? ConvertToMod.Candidates.VISION : ConvertToMod.Candidates.STYLE);
        int layers = model.info().layers();
        Optional<SelectLayers.Options> select = SelectorParser.parse(options.layers().orElse(SelectorParser.BY_SCHEDULE), layers);
        RetentionSchedule schedule = ScheduleParser.parse(options.schedule().orElse(ScheduleParser.DEFAULT), layers);
        Optional<BudgetSolver.Solution> budget = Optional.empty();
        if (options.budget().isPresent()) {
            if (options.counted() == BudgetOf.KV && model.encoder()) {
                throw new InputException("--budget-of kv: " + model.info().name() + " is an encoder, which has no KV cache; leave it out, for a budget of FLOPs");
            }
            budget = Optional.of(BudgetSolver.solve(schedule, options.budget().getAsDouble(), options.counted(),
                    s -> ratio(options.counted(), ConversionPipeline.of(select, s, convert, layers, registry).run(model, context.quiet(), Pipeline.Listener.NONE), prompt)));
        }
        return new Planned(ConversionPipeline.of(select, budget.map(BudgetSolver.Solution::schedule).orElse(schedule), convert, layers, registry),
                Optional.of(convert.style().name().toLowerCase(Locale.ROOT)), budget);
    }

    /** Of a text that the user does not know, no place is to be told. */
    private static Pipeline recipe(Model model, double budget, BudgetOf of, PassRegistry registry) {
        Pipeline parsed = Pipeline.parse(RECIPE.formatted(takesEmbeddings(model) ? ", candidates=vision" : "") + route(model, budget) + ",allocate{budget=" + budget + ", of="
                + of.name().toLowerCase(Locale.ROOT) + ", kv=" + forms(model, budget, of) + "}", registry);
        return Pipeline.of(parsed.steps().stream().<Pipeline.Step<?>>map(Conversion::placeless).toList(), registry);
    }

    private static boolean takesEmbeddings(Model model) {
        return model.graph().param(GraphNames.INPUTS_EMBEDS) != null;
    }

    /** What was best of what was measured: docs/results/allocation.md, docs/results/minilm.md. */
    private static String forms(Model model, double budget, BudgetOf of) {
        if (model.encoder()) {
            return budget >= FRUGAL ? "[keep, drop]" : "[drop]";
        }
        // tokens that skip the MLP alone save no cache
        return "[drop, keep], parts=" + (of == BudgetOf.KV ? "[layer, attention]" : "[layer, attention, mlp]");
    }

    private static String route(Model model, double budget) {
        return takesEmbeddings(model) ? OF_IMAGES : !model.encoder() ? OF_DECODER : budget < FRUGAL ? OF_FRUGAL_ENCODER : OF_ENCODER;
    }

    private static <O extends Record> Pipeline.Step<O> placeless(Pipeline.Step<O> step) {
        return new Pipeline.Step<>(step.pass(), step.options());
    }

    private static InputException trained(Model model, String but) {
        return new InputException(model.info().name() + " is a Mixture-of-Depths checkpoint already (" + model.info().architecture()
                + "): its layers, ratios, gates and routers are kept as they were trained" + but);
    }

    /** Whether a pipeline measures what becomes of a model's answers. */
    public static boolean measuresAnswers(Pipeline pipeline) {
        return pipeline.steps().stream().anyMatch(s -> s.pass() instanceof AllocatePass || s.pass() instanceof FitSkipPath);
    }

    private static Optional<String> trainedStyle(Model model) {
        return Optional.ofNullable(TRAINED.get(model.info().architecture()));
    }

    private static double ratio(BudgetOf of, Model layered, Function<Model, Cost.Mix> prompt) {
        Cost cost = Cost.of(layered, prompt.apply(layered));
        return switch (of) {
            case FLOPS -> cost.flops() / cost.denseFlops();
            case KV -> (double) cost.kvBytes() / cost.denseKvBytes();
            case TIME -> throw new IllegalArgumentException("time is measured, not counted");
        };
    }

    /** The plan, layer by layer, at a prompt. */
    public PlanReport report(Cost.Mix mix) {
        return PlanReport.of(layered, mix, arank);
    }

    /**
     * FLOPs of a prompt as it is run, linear layers and attention scores: of what only the last token's logits need, that token's alone.
     *
     * @param flops of this model
     * @param dense of the dense one
     */
    public record AsRun(double flops, double dense) {
    }

    /** Whether the last layer computes what the wanted tokens alone need for those alone: attention's queries among them. */
    public boolean sparesTheLastLayer() {
        return lowered.graph().nodes().stream().anyMatch(n -> n.kind() instanceof Attention && n.operand(Attention.QUERY_ROWS) instanceof Result r
                && r.node().kind() instanceof GatherRows);
    }

    /** What a prompt costs as it is run. */
    public AsRun asRun(Cost.Mix mix) {
        return new AsRun(Cost.lastToken(lowered, mix).flops(), Cost.lastToken(BuiltinPasses.lowered(DenseLayers.of(layered)), mix).flops());
    }

    /**
     * The model for a device that runs segments and kernels: lowered and cut.
     *
     * @throws InputException if weights were quantised, or a pass that is not built in changed something, where the model had no layers any more
     */
    public Model cut(PassRegistry registry) {
        return forEngines(BuiltinPasses.SEGMENTING, registry);
    }

    /** The model for one engine graph, lowered; as {@link #cut}. */
    public Model flat(PassRegistry registry) {
        return forEngines(BuiltinPasses.FLATTENING, registry);
    }

    private Model forEngines(String passes, PassRegistry registry) {
        if (!quantized(layered.graph()).collect(Collectors.toSet()).containsAll(quantized(lowered.graph()).toList())) {
            throw new InputException("--target tensorrt: weights are quantized behind lower-mod, but the GPU's part is made of the layers before it; put quantize-weights before "
                    + "lower-mod, or leave lower-mod out of the pipeline, which comes by itself");
        }
        behindLowering.ifPresent(pass -> {
            throw new InputException("--target tensorrt: " + pass + " changed the model when its layers were lowered, but the GPU's part is made of the layers before that; put it before "
                    + "lower-mod, or leave --target tensorrt out: the bundle then runs on the CPU");
        });
        return Pipeline.parse(passes, registry).run(layered, PassContext.builder().build(), Pipeline.Listener.NONE);
    }

    private static Stream<WeightExpr> quantized(Region region) {
        return region.nodes().stream().flatMap(n -> Stream.concat(n.kind() instanceof Weight w && w.expr() instanceof WeightExpr.Quantized ? Stream.of(w.expr()) : Stream.empty(),
                n.regions().stream().flatMap(Conversion::quantized)));
    }

    private static Model lower(Model converted, PassContext context, PassRegistry registry) {
        return converted.layers().isEmpty() ? converted : Pipeline.parse(BuiltinPasses.LOWERING, registry).run(converted, context, Pipeline.Listener.NONE);
    }

    private static ConvertToMod.Style style(ConversionOptions options, PassContext context) {
        boolean linear = context.routers().keySet().stream().anyMatch(n -> n.endsWith("router.router.weight"));
        ConvertToMod.Style style = options.style().orElse(context.routers().isEmpty() ? ConvertToMod.Style.PLAIN
                : linear ? ConvertToMod.Style.PMOD : ConvertToMod.Style.GAMMA);
        if (style == ConvertToMod.Style.PLAIN && options.routers()) {
            throw new InputException("--style plain uses no routers; remove --routers, or choose --style pmod, gamma or mod");
        }
        if (style != ConvertToMod.Style.PLAIN && !options.routers()) {
            throw new InputException("--style " + style.name().toLowerCase(Locale.ROOT)
                    + " needs trained routers; give them with --routers FILE.safetensors, or use --style plain");
        }
        if (style == ConvertToMod.Style.GAMMA && options.budget().isPresent()) {
            throw new InputException("--budget has nothing to solve for: layers of --style gamma keep tokens by their score, not by a schedule; remove it");
        }
        if (style == ConvertToMod.Style.GAMMA && options.schedule().isPresent()) {
            if (options.layers().isPresent() && !options.layers().get().strip().equals(SelectorParser.BY_SCHEDULE)) {
                throw new InputException("--schedule has no effect: --layers chooses the layers, and those of --style gamma keep tokens by their score; remove it");
            }
            context.remark(Diagnostic.remark(Location.NONE, "--schedule chooses the layers alone: those of --style gamma keep tokens by their score, not by a ratio."));
        }
        return style;
    }

    /** ARank where a pass measured it; beside a choice by the model's answers, on a part of the samples, for the report. */
    private static Optional<Arank.Result> rank(Pipeline pipeline, Model model, PassContext context) {
        if (pipeline.steps().stream().anyMatch(s -> s.pass().spec().name().equals("arank"))) {
            return Optional.of(context.analyses().get(new Arank(), model, context));
        }
        if (!measuresAnswers(pipeline) || model.encoder() || model.layers().isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(Arank.ofFew(model, context));
        } catch (InputException e) {
            context.remark(Diagnostic.remark(Location.NONE, "ARank is not shown: " + e.getMessage() + "."));
            return Optional.empty();
        }
    }

    /** Remembers the last model whose layers are still nodes, and who changed it after that. */
    private static final class LastLayered implements Pipeline.Listener {
        private Model model;
        private Optional<String> behindLowering = Optional.empty();

        LastLayered(Model model) {
            this.model = model;
        }

        @Override
        public void ran(Pipeline.Step<?> step, Outcome outcome, Model now, Duration time) {
            if (!now.layers().isEmpty()) {
                model = now;
            } else if (outcome instanceof Outcome.Changed && behindLowering.isEmpty() && !BuiltinPasses.has(step.pass())) {
                // the built-in ones that find something to do there clean up, and come again for the GPU's part
                behindLowering = Optional.of(step.pass().spec().name());
            }
        }
    }
}
