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
import java.util.List;
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
        switch (choice(bundle)) {
            case Choice.Ready(Gpu gpu) -> {
                return onGpu(bundle, gpu);
            }
            case Choice.Missing(String what) -> {
                if (device == DeviceKind.CUDA) {
                    throw new InputException("--device cuda: " + what + "; or use --device cpu");
                }
                if (BundlePlan.isIn(bundle) || SingleGraphs.isIn(bundle)) { // of one that was never meant for a GPU there is nothing to tell
                    console.noteOnce("Running on the CPU: " + what);
                }
                return OrtEngine.open(bundle, cpu);
            }
        }
    }

    /** {@link InputException} where the GPU is asked for, of a bundle that runs on the CPU alone. */
    public static void requireCpu(Bundle bundle, DeviceKind device) {
        if (device == DeviceKind.CUDA) {
            throw new InputException("--device cuda: " + bundle.folder() + " takes images, and such bundles run on the CPU alone so far; use --device cpu");
        }
    }

    /** Which GPU runs a bundle. */
    sealed interface Choice {
        /** The first one that has engines. */
        record Ready(Gpu gpu) implements Choice {
        }

        /** None, and what the first one lacks, or the machine or the bundle. */
        record Missing(String what) implements Choice {
        }
    }

    /** What a GPU lacks to run a bundle. */
    @FunctionalInterface
    interface Lacking {
        Optional<String> of(Gpu gpu) throws IOException;
    }

    private static Choice choice(Bundle bundle) throws IOException {
        if (SingleGraphs.isIn(bundle)) {
            return new Choice.Missing(bundle.folder() + " has one engine graph (--form single), which TensorRT's own tools run; convert the model again with --form segments");
        }
        if (!BundlePlan.isIn(bundle)) {
            return new Choice.Missing(bundle.folder() + " has nothing for GPUs; convert the model again with --target tensorrt");
        }
        Optional<String> machine = GpuSupport.check();
        if (machine.isPresent()) {
            return new Choice.Missing(machine.get());
        }
        try (BundlePlan files = BundlePlan.open(bundle)) {
            PlanFiles planned = PlanFiles.of(files);
            return first(GpuSupport.gpus(), gpu -> TensorRtEngines.missing(planned, bundle.info(), gpu));
        }
    }

    /** @param gpus at least one */
    static Choice first(List<Gpu> gpus, Lacking lacking) throws IOException {
        String ofFirst = null;
        for (Gpu gpu : gpus) {
            Optional<String> what = lacking.of(gpu);
            if (what.isEmpty()) {
                return new Choice.Ready(gpu);
            }
            ofFirst = ofFirst == null ? what.get() : ofFirst;
        }
        return new Choice.Missing(ofFirst);
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
