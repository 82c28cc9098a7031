// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundlePlan;
import io.github.depthc.backend.bundle.SingleGraphs;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.plan.Plan;
import io.github.depthc.backend.plan.PlanEngine;
import io.github.depthc.backend.plan.PlanFiles;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.tensorrt.Gpu;
import io.github.depthc.backend.tensorrt.GpuSupport;
import io.github.depthc.backend.tensorrt.TensorRtEngines;
import io.github.depthc.cli.console.Console;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.util.Optional;

/** Loads bundles on what is to compute. */
public final class Engines {
    private Engines() {
    }

    /**
     * Loads a bundle.
     *
     * @throws InputException where the GPU was asked for and something that it needs is missing; the message says what, and how to go on
     */
    public static Engine open(Bundle bundle, DeviceKind device, OrtOptions cpu, Console console) throws IOException {
        if (device == DeviceKind.CPU) {
            return OrtEngine.open(bundle, cpu);
        }
        Optional<String> missing = missing(bundle);
        if (missing.isEmpty()) {
            return onGpu(bundle, GpuSupport.gpus().getFirst());
        }
        if (device == DeviceKind.CUDA) {
            throw new InputException("--device cuda: " + missing.get() + "; or use --device cpu");
        }
        if (BundlePlan.isIn(bundle) || SingleGraphs.isIn(bundle)) { // of one that was never meant for a GPU there is nothing to tell
            console.note("Running on the CPU: " + missing.get());
        }
        return OrtEngine.open(bundle, cpu);
    }

    /** {@link InputException} where the GPU is asked for, of a bundle that runs on the CPU alone. */
    public static void requireCpu(Bundle bundle, DeviceKind device) {
        if (device == DeviceKind.CUDA) {
            throw new InputException("--device cuda: " + bundle.folder() + " takes images, and such bundles run on the CPU alone so far; use --device cpu");
        }
    }

    /** What a bundle lacks to run on a GPU here. */
    private static Optional<String> missing(Bundle bundle) throws IOException {
        if (SingleGraphs.isIn(bundle)) {
            return Optional.of(bundle.folder() + " has one engine graph (--form single), which TensorRT's own tools run; convert the model again with --form segments");
        }
        if (!BundlePlan.isIn(bundle)) {
            return Optional.of(bundle.folder() + " has nothing for GPUs; convert the model again with --target tensorrt");
        }
        Optional<String> machine = GpuSupport.check();
        if (machine.isPresent()) {
            return machine;
        }
        try (BundlePlan files = BundlePlan.open(bundle)) {
            return TensorRtEngines.missing(PlanFiles.of(files), bundle.info(), GpuSupport.gpus().getFirst());
        }
    }

    private static Engine onGpu(Bundle bundle, Gpu gpu) throws IOException {
        BundlePlan files = BundlePlan.open(bundle);
        try {
            Plan plan = Plan.of(files.model(), files.rowType());
            return new PlanEngine(bundle.info(), plan, TensorRtEngines.open(PlanFiles.of(files), plan, bundle.info(), files.model().weights(), gpu), files::close);
        } catch (IOException | RuntimeException | Error e) {
            files.close();
            throw e;
        }
    }
}
