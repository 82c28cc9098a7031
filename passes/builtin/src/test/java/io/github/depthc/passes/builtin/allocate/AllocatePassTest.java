// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin.allocate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.text.Printer;
import io.github.depthc.ir.weight.ComputedWeights;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.Cost;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.api.Memo;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.api.Rewriter;
import io.github.depthc.passes.api.Sample;
import io.github.depthc.testkit.RandomModels;
import io.github.depthc.testkit.ValueCheck;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class AllocatePassTest {
    private static final PassRegistry REGISTRY = PassRegistry.load();
    private static final AllocatePass PASS = new AllocatePass();
    private static final AllocatePass.Options OPTIONS = new AllocatePass.Options(0.7, BudgetOf.FLOPS, List.of(0.5, 0.0), List.of(Routing.SkippedKv.KEEP), AllocatePass.KvBy.LAYER, List.of(Routing.Part.LAYER), 3);

    private final Model model = routed();
    private final Map<String, Double> memory = new HashMap<>();
    private final List<Long> totals = new ArrayList<>();
    private int puts;
    private int mostPuts = Integer.MAX_VALUE;

    @Test
    void whatWasMeasuredIsNotMeasuredAgain() {
        String first = text(PASS.run(model, OPTIONS, context(executor())));
        assertEquals(memory.size(), puts);
        String again = text(PASS.run(model, OPTIONS, context(new NoExecutor())));
        assertEquals(first, again);
    }

    @Test
    void itGoesOnWhereItWasInterrupted() {
        PassContext whole = context(executor());
        String first = text(PASS.run(model, OPTIONS, whole));
        int all = puts;
        memory.clear();
        puts = 0;
        mostPuts = 3;
        assertThrows(Interrupted.class, () -> PASS.run(model, OPTIONS, context(executor())));
        assertEquals(3, memory.size());
        puts = 0;
        mostPuts = Integer.MAX_VALUE;
        PassContext resumed = context(executor());
        assertEquals(first, text(PASS.run(model, OPTIONS, resumed)));
        assertEquals(all - 3, puts);
        assertEquals(whole.findings().of(AllocationTrace.class), resumed.findings().of(AllocationTrace.class));
    }

    /** A measurement of another model or another continuation is none of this one. */
    @Test
    void whatDependsOnSomethingElseIsMeasured() {
        PASS.run(model, OPTIONS, context(executor()));
        int before = memory.size();
        PASS.run(model, new AllocatePass.Options(OPTIONS.budget(), BudgetOf.FLOPS, OPTIONS.ratios(), OPTIONS.kv(), OPTIONS.kvBy(), OPTIONS.parts(), 4), context(executor()));
        assertEquals(puts, memory.size());
        assertTrue(memory.size() > before);
        int twice = memory.size();
        Model other = Pipeline.parse("route-evenly", REGISTRY).run(model, PassContext.builder().build(), Pipeline.Listener.NONE);
        PASS.run(other, OPTIONS, context(executor()));
        assertTrue(memory.size() > twice);
    }

    /** Models may differ in nothing but the values of weights that a pass has computed, which their text has not. */
    @Test
    void aModelWithOtherComputedWeightsIsAnother() {
        PASS.run(withSkipPath(0.1f), OPTIONS, context(executor()));
        int before = memory.size();
        PASS.run(withSkipPath(0.1f), OPTIONS, context(new NoExecutor()));
        PASS.run(withSkipPath(-0.2f), OPTIONS, context(executor()));
        assertTrue(memory.size() > before);
    }

    /** The model, its first layer with a skip path that adds this number. */
    private Model withSkipPath(float constant) {
        int width = model.info().hidden();
        float[] c = new float[width];
        Arrays.fill(c, constant);
        WeightExpr.Stored stored = ComputedWeights.weight("c", width);
        Outcome outcome = Rewriter.graph(model).apply(PassContext.builder().build(), "layers", site -> {
            if (site.node().kind() instanceof ModLayer m && m.index() == 0) {
                var operands = new ArrayList<Value>(site.operands());
                operands.add(site.builder().add("down", new Weight(WeightExpr.Inline.filled(0, 1, width))));
                operands.add(site.builder().add("up", new Weight(WeightExpr.Inline.filled(0, width, 1))));
                operands.add(site.builder().add("c", new Weight(stored)));
                site.replaceKind(new ModLayer(0, m.routing().withSkip(new Routing.SkipPath.Linear(1))), operands);
            }
        });
        return ((Outcome.Changed) outcome).model().withWeights(ComputedWeights.add(model.weights(), stored, c));
    }

    /** A budget is no part of what is measured. */
    @Test
    void anotherBudgetUsesTheSameMeasurements() {
        PASS.run(model, OPTIONS, context(executor()));
        int before = puts;
        PASS.run(model, new AllocatePass.Options(0.75, BudgetOf.FLOPS, OPTIONS.ratios(), OPTIONS.kv(), OPTIONS.kvBy(), OPTIONS.parts(), OPTIONS.continuation()), context(executor()));
        int layers = model.layers().size();
        assertTrue(puts - before <= before - 2 * layers, (puts - before) + " of " + before);
    }

    /** What is measured of answers does not depend on what the budget counts. */
    @Test
    void aBudgetOfTheCacheIsKeptAndUsesTheSameMeasurements() {
        PASS.run(model, dropping(0.7, BudgetOf.FLOPS), context(executor()));
        int before = puts;
        PassContext context = context(executor());
        Outcome outcome = PASS.run(model, dropping(0.7, BudgetOf.KV), context);
        AllocationTrace trace = context.findings().of(AllocationTrace.class).getFirst();
        assertEquals(BudgetOf.KV, trace.of());
        Cost cost = Cost.of(((Outcome.Changed) outcome).model(), new Cost.Mix(6, 2)); // 7 of 9 and 5 of 7 tokens of the prompts may be skipped
        double left = (double) cost.kvBytes() / cost.denseKvBytes();
        assertTrue(left > 0.6 && left <= 0.7, "left: " + left);
        assertEquals(left, trace.chosen().share(), 1e-12);
        assertTrue(puts - before <= before - 2 * model.layers().size(), (puts - before) + " of " + before);
    }

    @Test
    void keptKeysAndValuesSaveNoCache() {
        var keeping = new AllocatePass.Options(0.7, BudgetOf.KV, OPTIONS.ratios(), OPTIONS.kv(), OPTIONS.kvBy(), OPTIONS.parts(), OPTIONS.continuation());
        String message = assertThrows(InputException.class, () -> PASS.run(model, keeping, context(executor()))).getMessage();
        assertEquals("budget 0.7 cannot be reached: with these ratios at least 1.0000 is left of the dense model's KV cache behind the prompt; give a larger budget, "
                + "or let allocate try smaller ratios and drop keys and values: kv=[drop]", message);
    }

    /** Of the MLP alone no keys and values can be dropped, so that there are three forms of each ratio. */
    @Test
    void everyPartIsTriedInEveryLayer() {
        PassContext context = context(executor());
        var options = new AllocatePass.Options(0.8, BudgetOf.FLOPS, List.of(0.5, 0.0), List.of(Routing.SkippedKv.DROP, Routing.SkippedKv.KEEP), AllocatePass.KvBy.LAYER,
                List.of(Routing.Part.ATTENTION, Routing.Part.MLP), 3);
        Outcome outcome = PASS.run(model, options, context);
        AllocationTrace trace = context.findings().of(AllocationTrace.class).getFirst();
        int layers = model.layers().size();
        List<AllocationTrace.Setting> alone = trace.tried().stream().filter(t -> t.layers().size() == 1).map(t -> t.layers().getFirst()).toList();
        for (int l = 0; l < layers; l++) {
            for (double ratio : options.ratios()) {
                assertTrue(alone.contains(new AllocationTrace.Setting(l, ratio, Routing.SkippedKv.DROP, Routing.Part.ATTENTION)), alone.toString());
                assertTrue(alone.contains(new AllocationTrace.Setting(l, ratio, Routing.SkippedKv.KEEP, Routing.Part.ATTENTION)), alone.toString());
                assertTrue(alone.contains(new AllocationTrace.Setting(l, ratio, Routing.SkippedKv.KEEP, Routing.Part.MLP)), alone.toString());
            }
        }
        assertTrue(trace.tried().stream().flatMap(t -> t.layers().stream()).noneMatch(s -> s.part() == Routing.Part.LAYER));
        assertTrue(trace.chosen().share() <= 0.8, trace.chosen().toString());
        assertEquals(trace.chosen().layers().stream().map(AllocationTrace.Setting::part).toList(), ((Outcome.Changed) outcome).model().routings().stream().map(Routing::part).toList());
    }

    /** Whether keys and values are kept is chosen by forms that can do both, whatever the MLP's does. */
    @Test
    void theWholeModelsKeysAndValuesAreNotChosenByTheMlp() {
        PassContext context = context(executor());
        var options = new AllocatePass.Options(0.9, BudgetOf.FLOPS, List.of(0.5, 0.0), List.of(Routing.SkippedKv.DROP), AllocatePass.KvBy.MODEL,
                List.of(Routing.Part.LAYER, Routing.Part.MLP), 3);
        PASS.run(model, options, context);
        AllocationTrace trace = context.findings().of(AllocationTrace.class).getFirst();
        List<AllocationTrace.Setting> alone = trace.tried().stream().filter(t -> t.layers().size() == 1).map(t -> t.layers().getFirst()).toList();
        assertTrue(alone.contains(new AllocationTrace.Setting(0, 0.5, Routing.SkippedKv.DROP, Routing.Part.LAYER)), alone.toString());
        assertTrue(alone.contains(new AllocationTrace.Setting(0, 0.5, Routing.SkippedKv.KEEP, Routing.Part.MLP)), alone.toString());
    }

    /** A clock that goes on by a millisecond for each token that a layer processes, and the first run of everything takes a second more. */
    @Test
    void aBudgetOfTimeIsKept() {
        var time = new AtomicLong();
        var pass = new AllocatePass(time::get);
        var timed = new TimedExecutor(executor(), time);
        PassContext context = context(timed);
        String first = text(pass.run(model, dropping(0.7, BudgetOf.TIME), context));
        AllocationTrace trace = context.findings().of(AllocationTrace.class).getFirst();
        int layers = model.layers().size();
        AllocationTrace.Tried half = trace.tried().getFirst();
        assertEquals(List.of(new AllocationTrace.Setting(0, 0.5, Routing.SkippedKv.DROP, Routing.Part.LAYER)), half.layers());
        assertEquals((layers - 1 + 5.0 / 9) / layers, half.share(), 1e-9); // the first and the last token, and 3 of 7
        assertTrue(trace.chosen().share() <= 0.7 && trace.chosen().share() > 0.6, trace.chosen().toString());
        int after = puts;
        assertEquals(first, text(pass.run(model, dropping(0.7, BudgetOf.TIME), context(new NoExecutor()))));
        assertEquals(after, puts);
    }

    private static AllocatePass.Options dropping(double budget, BudgetOf of) {
        return new AllocatePass.Options(budget, of, OPTIONS.ratios(), List.of(Routing.SkippedKv.DROP), OPTIONS.kvBy(), OPTIONS.parts(), OPTIONS.continuation());
    }

    @Test
    void theTraceHasEverythingThatWasTried() {
        PassContext context = context(executor());
        Outcome outcome = PASS.run(model, OPTIONS, context);
        AllocationTrace trace = context.findings().of(AllocationTrace.class).getFirst();
        int layers = model.layers().size();
        assertTrue(trace.tried().size() > 2 * layers);
        assertTrue(trace.tried().subList(0, 2 * layers).stream().allMatch(t -> t.layers().size() == 1));
        assertTrue(trace.chosen().share() <= 0.7, trace.chosen().toString());
        List<Double> ratios = ((Outcome.Changed) outcome).model().routings().stream()
                .map(r -> ((Routing.Selection.MostRecent) r.selection()).ratio()).toList();
        assertEquals(ratios, trace.chosen().layers().stream().map(AllocationTrace.Setting::ratio).toList());
        for (AllocationTrace.Tried f : trace.front()) {
            assertTrue(trace.tried().stream().noneMatch(t -> t.share() < f.share() && t.loss() < f.loss()));
        }
    }

    /** Layers that hand scores on have queries of skipped tokens to compute, which none has while the others are dense. */
    @Test
    void theBudgetIsKeptWhereCostsDoNotAddUp() {
        Model handedOn = Pipeline.parse("route-by-attention{observers=2, recent=0, earlier=1}", REGISTRY).run(model, PassContext.builder().build(),
                Pipeline.Listener.NONE);
        for (double budget : new double[] {0.9, 0.8, 0.75}) {
            PassContext context = context(executor());
            PASS.run(handedOn, new AllocatePass.Options(budget, BudgetOf.FLOPS, OPTIONS.ratios(), OPTIONS.kv(), OPTIONS.kvBy(), OPTIONS.parts(), OPTIONS.continuation()), context);
            AllocationTrace trace = context.findings().of(AllocationTrace.class).getFirst();
            assertTrue(trace.chosen().share() <= budget, trace.chosen().toString());
        }
    }

    @Test
    void aForecastMeasuresNothingAndCountsWhatComes() {
        var options = new AllocatePass.Options(0.7, BudgetOf.FLOPS, List.of(0.8, 0.6, 0.5, 0.4, 0.3, 0.2), OPTIONS.kv(), OPTIONS.kvBy(), OPTIONS.parts(), OPTIONS.continuation());
        AllocationForecast forecast = AllocatePass.forecast(model, options, context(executor()));
        assertEquals(0, puts);
        assertEquals(6 * model.layers().size(), forecast.layers());
        assertEquals(2, forecast.samples());
        assertTrue(forecast.seconds() > 0 && forecast.weightBytes() > 0);
        PassContext context = context(executor());
        PASS.run(model, options, context);
        int measured = context.findings().of(AllocationTrace.class).getFirst().tried().size();
        assertTrue(Math.abs(forecast.measurements() - measured) <= measured / 2, forecast + ", measured " + measured);
        assertEquals(puts, measured);
    }

    @Test
    void progressGoesUpToItsEnd() {
        var done = new ArrayList<Long>();
        PassContext context = builder(executor()).progress((what, d, total) -> {
            done.add(d);
            totals.add(total);
        }).build();
        PASS.run(model, OPTIONS, context);
        assertEquals(0, done.getFirst());
        assertEquals(done.stream().sorted().toList(), done);
        for (int i = 0; i < done.size(); i++) {
            assertTrue(done.get(i) <= totals.get(i));
        }
        assertTrue(totals.getFirst() < 2 * done.getLast() && done.getLast() < 2 * totals.getFirst(), totals.getFirst() + " expected, " + done.getLast() + " done");
    }

    /** With no room for all weights one layer, or the head, is loaded at a time, and the result is the same. */
    @Test
    void aLayersWeightsAreEnough() {
        var counting = new CountingExecutor(executor());
        double[] lean;
        double[] roomy;
        Model form = Pipeline.parse("schedule{kind=constant, ratio=0.5}", REGISTRY).run(model, PassContext.builder().build(), Pipeline.Listener.NONE);
        try (var r = new Rehearsal(form, 3, builder(counting).build(), new Rehearsal.Limits(0, 0), () -> { })) {
            lean = r.kl(form);
        }
        assertEquals(0, counting.open);
        assertEquals(1, counting.most);
        try (var r = new Rehearsal(form, 3, builder(executor()).build())) {
            roomy = r.kl(form);
        }
        assertEquals(roomy[0], lean[0], 0);
        assertEquals(roomy[1], lean[1], 0);
    }

    @Test
    void logitsThatOverflowAreAnError() {
        var overflowing = new CountingExecutor(executor()) {
            @Override
            public Program compile(Region graph, WeightStore weights) {
                Program program = super.compile(graph, weights);
                return new Program() {
                    @Override
                    public List<HostTensor> run(Map<String, HostTensor> inputs) {
                        List<HostTensor> out = program.run(inputs);
                        out.forEach(t -> t.data().asSlice(t.data().byteSize() - 4).set(java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED, 0, Float.NaN));
                        return out;
                    }

                    @Override
                    public void close() {
                        program.close();
                    }
                };
            }
        };
        var e = assertThrows(InputException.class, () -> PASS.run(model, OPTIONS, context(overflowing)));
        assertTrue(e.getMessage().startsWith("calibration sample 0 cannot be measured: "), e.getMessage());
    }

    private static Model routed() {
        Model dense = RandomModels.dense(2).model();
        return Pipeline.parse("select-layers{rule=all},schedule{kind=constant, ratio=0.5},convert-to-mod{style=plain, kv=keep},route-by-recency", REGISTRY)
                .run(dense, PassContext.builder().build(), Pipeline.Listener.NONE);
    }

    private static Executor executor() {
        return new ValueCheck(REGISTRY).context().executor();
    }

    private static String text(Outcome outcome) {
        return Printer.print(((Outcome.Changed) outcome).model());
    }

    private PassContext context(Executor executor) {
        return builder(executor).build();
    }

    private PassContext.Builder builder(Executor executor) {
        return PassContext.builder().executor(executor).calibration(() -> List.of(Sample.of(1, 2, 3, 4, 5, 6, 7, 0, 1, 3, 5, 7), Sample.of(7, 6, 5, 4, 3, 2, 1, 0, 2, 4)))
                .memo(new Memo() {
                    @Override
                    public OptionalDouble get(String key) {
                        Double value = memory.get(key);
                        return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
                    }

                    @Override
                    public void put(String key, double value) {
                        if (puts == mostPuts) {
                            throw new Interrupted();
                        }
                        puts++;
                        memory.put(key, value);
                    }
                });
    }

    private static final class Interrupted extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** Runs nothing. */
    private static final class NoExecutor implements Executor {
        @Override
        public Program compile(Region graph, WeightStore weights) {
            throw new AssertionError("a graph is run");
        }

        @Override
        public Decoder decoder(Model decoder) {
            throw new AssertionError("a decoder is run");
        }
    }

    /** Says how long a prompt takes. */
    private static final class TimedExecutor extends CountingExecutor {
        private static final long MILLISECOND = 1_000_000;
        private final AtomicLong time;

        TimedExecutor(Executor inner, AtomicLong time) {
            super(inner);
            this.time = time;
        }

        @Override
        public Decoder decoder(Model model) {
            Decoder decoder = super.decoder(model);
            var cold = new AtomicBoolean(true);
            return new Decoder() {
                @Override
                public Sequence sequence() {
                    Sequence sequence = decoder.sequence();
                    return new Sequence() {
                        @Override
                        public HostTensor append(HostTensor input, boolean[] candidates) {
                            HostTensor out = sequence.append(input, candidates);
                            time.addAndGet(MILLISECOND * (Arrays.stream(cacheLengths()).sum() + (cold.getAndSet(false) ? 1000 : 0)));
                            return out;
                        }

                        @Override
                        public int[] cacheLengths() {
                            return sequence.cacheLengths();
                        }

                        @Override
                        public void close() {
                            sequence.close();
                        }
                    };
                }

                @Override
                public void close() {
                    decoder.close();
                }
            };
        }
    }

    /** Counts what is loaded at a time. */
    private static class CountingExecutor implements Executor {
        private final Executor inner;
        private int open;
        private int most;

        CountingExecutor(Executor inner) {
            this.inner = inner;
        }

        private void opened() {
            open++;
            most = Math.max(most, open);
        }

        @Override
        public Program compile(Region graph, WeightStore weights) {
            Program program = inner.compile(graph, weights);
            opened();
            return new Program() {
                @Override
                public List<HostTensor> run(Map<String, HostTensor> inputs) {
                    return program.run(inputs);
                }

                @Override
                public void close() {
                    open--;
                    program.close();
                }
            };
        }

        @Override
        public Decoder decoder(Model decoder) {
            Decoder loaded = inner.decoder(decoder);
            opened();
            return new Decoder() {
                @Override
                public Sequence sequence() {
                    return loaded.sequence();
                }

                @Override
                public void close() {
                    open--;
                    loaded.close();
                }
            };
        }
    }
}
