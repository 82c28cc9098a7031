// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundlePlan;
import io.github.depthc.backend.bundle.BundleSpec;
import io.github.depthc.backend.bundle.BundleWriter;
import io.github.depthc.backend.bundle.EngineParts;
import io.github.depthc.backend.bundle.LayerPlan;
import io.github.depthc.backend.bundle.WriteProgress;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtExecutor;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.plan.Device;
import io.github.depthc.backend.plan.HostDevice;
import io.github.depthc.backend.plan.Plan;
import io.github.depthc.backend.plan.PlanEngine;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.EngineLimits;
import io.github.depthc.backend.tensorrt.HostGpu;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.PassRegistry;
import io.github.depthc.passes.api.Pipeline;
import io.github.depthc.passes.builtin.BuiltinPasses;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** Writes and opens bundles for tests. */
public final class Bundles {
    static final PassRegistry REGISTRY = PassRegistry.load();

    private Bundles() {
    }

    /** A model after a pipeline. */
    public static Model run(Model model, String pipeline) {
        return run(model, pipeline, PassContext.builder().build());
    }

    /** The same with more for the passes to use. */
    static Model run(Model model, String pipeline, PassContext context) {
        return Pipeline.parse(pipeline, REGISTRY).run(model, context, Pipeline.Listener.NONE);
    }

    /** How a model is run. */
    public enum Form {
        /** As one graph, with the CPU runtime's own operators. */
        FAST,
        /** As one graph of standard operators. */
        STANDARD,
        /** As segments and the kernels between them, those in plain Java. */
        PLAN,
        /** As segments on the CPU, and the CUDA kernels between them as a GPU would get them. */
        CUDA
    }

    /** A model with layers, lowered in the usual way, as a bundle. */
    static Bundle write(Model layered, Path folder, boolean portable) throws IOException {
        return write(layered, folder, portable ? Form.STANDARD : Form.FAST);
    }

    /** The same with a part that {@link BundlePlan} opens. */
    static Bundle writePlan(Model layered, Path folder) throws IOException {
        return write(layered, folder, Form.PLAN);
    }

    private static Bundle write(Model layered, Path folder, Form form) throws IOException {
        BundleSpec.Builder spec = BundleSpec.of(run(layered, BuiltinPasses.LOWERING)).layers(layered.layers().stream().map(n -> LayerPlan.of((DecoderLayer) n.kind(), Optional.empty())).toList())
                .portable(form == Form.STANDARD).toolVersion("test");
        if (form == Form.PLAN || form == Form.CUDA) {
            spec.engines(engines(run(layered, BuiltinPasses.SEGMENTING), DType.F32));
        }
        BundleWriter.write(spec.build(), folder, false, WriteProgress.NONE);
        return Bundle.open(folder);
    }

    /** Parts for GPUs, with something in the place of kernels. */
    static EngineParts engines(Model cut, DType rowType) {
        return new EngineParts(cut, rowType, new TreeMap<>(Map.of(90, new byte[] {1})));
    }

    /** A model with layers, lowered, written as a bundle and opened. */
    static Engine engine(Model layered, Path folder, Form form) throws IOException {
        return form == Form.FAST || form == Form.STANDARD ? engine(write(layered, folder, form)) : planEngine(layered, folder, form, device -> device);
    }

    /**
     * The same as segments and kernels.
     *
     * @param around what stands between the plan and its device
     */
    public static PlanEngine planEngine(Model layered, Path folder, Form form, UnaryOperator<Device> around) throws IOException {
        return planEngine(write(layered, folder, form), (cpu, weights) -> around.apply(form == Form.PLAN ? cpu : HostGpu.shared().device(cpu, weights, EngineLimits.NONE)));
    }

    /** The same on the stand-in for a GPU, as if its engines had been built for no more. */
    public static PlanEngine planEngine(Model layered, Path folder, EngineLimits limits) throws IOException {
        return onStandIn(write(layered, folder, Form.CUDA), limits);
    }

    /** The same of a bundle that has segments in F32. */
    public static PlanEngine onStandIn(Bundle bundle, EngineLimits limits) throws IOException {
        return planEngine(bundle, (cpu, weights) -> HostGpu.shared().device(cpu, weights, limits));
    }

    /** What a plan runs on. */
    @FunctionalInterface
    private interface Devices {
        Device of(HostDevice cpu, WeightStore weights) throws IOException;
    }

    private static PlanEngine planEngine(Bundle bundle, Devices devices) throws IOException {
        // its weights stay mapped until the process ends; nothing else of it is needed
        BundlePlan files = BundlePlan.open(bundle);
        Plan plan = Plan.of(files.model(), files.rowType());
        return new PlanEngine(bundle.info(), plan, devices.of(new HostDevice(plan, new OrtExecutor(OrtOptions.DEFAULT.withThreads(2))), files.model().weights()));
    }

    static Engine engine(Bundle bundle) throws IOException {
        return OrtEngine.open(bundle, OrtOptions.DEFAULT.withThreads(2));
    }
}
