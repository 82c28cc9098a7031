// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin;

import io.github.depthc.ir.Model;
import io.github.depthc.passes.api.NoOptions;
import io.github.depthc.passes.api.Outcome;
import io.github.depthc.passes.api.Pass;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassProvider;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.builtin.allocate.AllocatePass;
import io.github.depthc.passes.builtin.arank.ArankPass;
import io.github.depthc.passes.builtin.cleanup.CommonSubexpressions;
import io.github.depthc.passes.builtin.cleanup.DeadCode;
import io.github.depthc.passes.builtin.cleanup.FoldConstants;
import io.github.depthc.passes.builtin.cleanup.FuseAddNorm;
import io.github.depthc.passes.builtin.convert.ConvertToMod;
import io.github.depthc.passes.builtin.hoist.HoistGather;
import io.github.depthc.passes.builtin.lower.LowerMod;
import io.github.depthc.passes.builtin.quantize.QuantizeWeights;
import io.github.depthc.passes.builtin.route.RouteByAttention;
import io.github.depthc.passes.builtin.route.RouteByImportance;
import io.github.depthc.passes.builtin.route.RouteByRecency;
import io.github.depthc.passes.builtin.route.RouteByUpdate;
import io.github.depthc.passes.builtin.route.RouteEvenly;
import io.github.depthc.passes.builtin.route.RouteRandomly;
import io.github.depthc.passes.builtin.schedule.SchedulePass;
import io.github.depthc.passes.builtin.segment.CutSegments;
import io.github.depthc.passes.builtin.segment.FuseCombine;
import io.github.depthc.passes.builtin.select.SelectLayers;
import io.github.depthc.passes.builtin.skip.FitSkipPath;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Offers the built-in passes. */
public final class BuiltinPasses implements PassProvider {
    private static final List<Pass<NoOptions>> FLATTENING_PASSES = List.of(new LowerMod(), new FoldConstants(), new CommonSubexpressions(), new DeadCode());
    private static final List<Pass<NoOptions>> LOWERING_PASSES = Stream.concat(FLATTENING_PASSES.stream(), Stream.of(new HoistGather(), new FuseAddNorm())).toList();
    /** Lowers and cleans up; what every conversion ends with. */
    public static final String LOWERING = text(LOWERING_PASSES);

    /** Lowers, and leaves every step of the routing where it is, for one engine graph. */
    public static final String FLATTENING = text(FLATTENING_PASSES);

    /** Lowers, and cuts into what engines compute and what kernels do between them; the other way to end a conversion. */
    public static final String SEGMENTING = FLATTENING + ",fuse-combine,cut-segments";

    /** The model as {@link #LOWERING} makes it, to be looked at: nothing is verified and nobody is told. */
    public static Model lowered(Model layered) {
        return after(LOWERING_PASSES, layered);
    }

    /** The same as {@link #FLATTENING} makes it: what segments and kernels compute, before it is cut. */
    public static Model flattened(Model layered) {
        return after(FLATTENING_PASSES, layered);
    }

    private static String text(List<Pass<NoOptions>> passes) {
        return passes.stream().map(p -> p.spec().name()).collect(Collectors.joining(","));
    }

    private static Model after(List<Pass<NoOptions>> passes, Model layered) {
        PassContext context = PassContext.builder().build();
        Model flat = layered;
        for (Pass<NoOptions> pass : passes) {
            flat = pass.run(flat, new NoOptions(), context) instanceof Outcome.Changed changed ? changed.model() : flat;
        }
        return flat;
    }

    /** Whether a pipeline may run the model on calibration samples. Of a pass that is not built in nobody knows, so it may. */
    public static boolean mayMeasure(Pipeline pipeline) {
        return pipeline.steps().stream().anyMatch(BuiltinPasses::mayMeasure);
    }

    private static boolean mayMeasure(Pipeline.Step<?> step) {
        if (step.options() instanceof SelectLayers.Options select) {
            return select.measures();
        }
        return step.pass() instanceof ArankPass || step.pass() instanceof AllocatePass || step.pass() instanceof FitSkipPath || step.pass() instanceof RouteByImportance
                || !has(step.pass());
    }

    /** Whether a pass is one of these. */
    public static boolean has(Pass<?> pass) {
        return new BuiltinPasses().passes().stream().anyMatch(p -> p.getClass() == pass.getClass());
    }

    @Override
    public List<Pass<?>> passes() {
        List<Pass<?>> passes = new ArrayList<>(List.of(new ArankPass(), new SelectLayers(), new SchedulePass(), new ConvertToMod(), new RouteEvenly(),
                new RouteRandomly(), new RouteByRecency(), new RouteByAttention(), new RouteByUpdate(), new RouteByImportance(), new AllocatePass(),
                new FitSkipPath(), new QuantizeWeights()));
        passes.addAll(LOWERING_PASSES);
        passes.addAll(List.of(new FuseCombine(), new CutSegments()));
        return passes;
    }
}
