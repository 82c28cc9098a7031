// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.builtin;

import io.github.depthc.passes.api.Pass;
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
import io.github.depthc.passes.builtin.route.RouteByAttention;
import io.github.depthc.passes.builtin.route.RouteByRecency;
import io.github.depthc.passes.builtin.route.RouteEvenly;
import io.github.depthc.passes.builtin.route.RouteRandomly;
import io.github.depthc.passes.builtin.schedule.SchedulePass;
import io.github.depthc.passes.builtin.select.SelectLayers;
import java.util.List;

/** Offers the built-in passes. */
public final class BuiltinPasses implements PassProvider {
    /** Lowers and cleans up; what every conversion ends with. */
    public static final String LOWERING = "lower-mod,fold-constants,cse,dce,hoist-gather,fuse-add-norm";

    /** Whether a pipeline may run the model on calibration samples. Of a pass that is not built in nobody knows, so it may. */
    public static boolean mayMeasure(Pipeline pipeline) {
        return pipeline.steps().stream().anyMatch(BuiltinPasses::mayMeasure);
    }

    private static boolean mayMeasure(Pipeline.Step<?> step) {
        if (step.options() instanceof SelectLayers.Options select) {
            return select.measures();
        }
        return step.pass() instanceof ArankPass || step.pass() instanceof AllocatePass
                || new BuiltinPasses().passes().stream().noneMatch(p -> p.getClass() == step.pass().getClass());
    }

    @Override
    public List<Pass<?>> passes() {
        return List.of(new ArankPass(), new SelectLayers(), new SchedulePass(), new ConvertToMod(), new RouteEvenly(), new RouteRandomly(),
                new RouteByRecency(), new RouteByAttention(), new AllocatePass(), new LowerMod(),
                new FoldConstants(), new CommonSubexpressions(), new DeadCode(), new HoistGather(), new FuseAddNorm());
    }
}
