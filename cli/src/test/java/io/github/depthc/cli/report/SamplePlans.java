// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

import io.github.depthc.cli.plan.LayerPlan;
import io.github.depthc.cli.plan.PlanReport;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.api.Cost;
import io.github.depthc.passes.builtin.schedule.RetentionSchedule;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.IntToDoubleFunction;

/** Plans of Llama-shaped models, counted by the formulas of the cost model, without a checkpoint. */
final class SamplePlans {
    static final RetentionSchedule PRD = new RetentionSchedule.Prd(0.5, 0.85, 0.15);
    static final ModelInfo STORIES = new ModelInfo("stories260k", "llama", 5, 64, 8, 4, 8, 172, 512, 512);
    static final ModelInfo VICUNA = new ModelInfo("vicuna-7b-v1.5", "llama", 32, 4096, 32, 32, 128, 11008, 32000, 4096);

    private SamplePlans() {
    }

    static PlanReport stories() {
        return of(STORIES, new Cost.Mix(510, 2), PRD, Optional.empty(), "evenly spaced, gate one");
    }

    static PlanReport vicuna() {
        return of(VICUNA, new Cost.Mix(2928, 60), PRD, Optional.of(l -> 470 - 12 * l + 90 * Math.sin(l * 1.3)), "top-k, gate 0.2·tanh+1.0");
    }

    static PlanReport dense() {
        return of(STORIES, new Cost.Mix(512, 0), new RetentionSchedule.PerLayer(List.of(1.0, 1.0, 1.0, 1.0, 1.0)), Optional.empty(), "");
    }

    static PlanReport layers(int n) {
        return of(new ModelInfo("deep-" + n, "llama", n, 1024, 16, 16, 64, 2816, 32000, 8192), new Cost.Mix(2046, 2), PRD,
                Optional.of(l -> 300 + 200 * Math.cos(l / 9.0) + (l * 37 % 23)), "evenly spaced, gate one");
    }

    static PlanReport named(String name) {
        PlanReport p = stories();
        ModelInfo i = p.info();
        return new PlanReport(new ModelInfo(name, i.architecture(), i.layers(), i.hidden(), i.heads(), i.kvHeads(), i.headDim(),
                i.intermediate(), i.vocab(), i.context()), p.mix(), p.layers(), p.headFlops());
    }

    /** Layers 1, 3, … decide by a threshold. */
    static PlanReport thresholds(int n) {
        PlanReport p = layers(n);
        var layers = new ArrayList<LayerPlan>();
        for (LayerPlan l : p.layers()) {
            boolean mod = l.index() % 2 == 1;
            layers.add(new LayerPlan(l.index(), mod, OptionalDouble.empty(), p.mix().tokens(), l.denseFlops(), l.denseFlops(),
                    l.denseAttentionFlops(), l.denseAttentionFlops(), l.denseKvBytes(), l.denseKvBytes(), OptionalDouble.empty(),
                    mod ? "threshold 0.5, gate probability" : ""));
        }
        return new PlanReport(p.info(), p.mix(), layers, p.headFlops());
    }

    static PlanReport of(ModelInfo m, Cost.Mix mix, RetentionSchedule schedule, Optional<IntToDoubleFunction> arank, String routing) {
        var layers = new ArrayList<LayerPlan>();
        for (int l = 0; l < m.layers(); l++) {
            OptionalDouble ratio = schedule.ratio(l, m.layers());
            long kept = ratio.isEmpty() ? mix.tokens() : mix.others() + Routing.Selection.kept(mix.candidates(), ratio.getAsDouble());
            int at = l;
            layers.add(new LayerPlan(l, ratio.isPresent(), ratio, kept, linear(m, kept), linear(m, mix.tokens()), attention(m, kept),
                    attention(m, mix.tokens()), kv(m, kept), kv(m, mix.tokens()),
                    arank.map(f -> OptionalDouble.of(f.applyAsDouble(at))).orElse(OptionalDouble.empty()), ratio.isPresent() ? routing : ""));
        }
        return new PlanReport(m, mix, layers, 2.0 * mix.tokens() * m.hidden() * m.vocab());
    }

    private static double linear(ModelInfo m, long tokens) {
        double queries = (double) m.heads() * m.headDim();
        double keys = (double) m.kvHeads() * m.headDim();
        return 2.0 * tokens * m.hidden() * (2 * queries + 2 * keys + 3.0 * m.intermediate());
    }

    private static double attention(ModelInfo m, long tokens) {
        return 2.0 * m.heads() * m.headDim() * tokens * (tokens + 1);
    }

    private static long kv(ModelInfo m, long tokens) {
        return 2L * m.kvHeads() * m.headDim() * Float.BYTES * tokens;
    }
}
