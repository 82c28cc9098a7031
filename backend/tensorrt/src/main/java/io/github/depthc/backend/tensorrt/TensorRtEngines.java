// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.plan.Device;
import io.github.depthc.backend.plan.Plan;
import io.github.depthc.backend.plan.PlanFiles;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Optional;

/** The engines of a bundle as a device that its plan runs on. */
public final class TensorRtEngines {
    private TensorRtEngines() {
    }

    /** Why the plan cannot run on this GPU as it is, in one line; empty when its engines are there. */
    public static Optional<String> missing(PlanFiles files, BundleInfo info, Gpu gpu) throws IOException {
        return switch (EngineStore.find(files, EngineStore.fingerprint(files, info), gpu, TensorRt.version())) {
            case EngineStore.Found.Fitting f -> Optional.empty();
            case EngineStore.Found.Missing(String why) -> Optional.of(message(files, gpu, why));
        };
    }

    /** Makes engines that were found wrong unfit: {@link #missing} says that there are none. */
    public static void discard(PlanFiles files, Gpu gpu) throws IOException {
        Files.deleteIfExists(EngineStore.folder(files, gpu.name(), TensorRt.version()).resolve(EngineNames.JSON));
    }

    private static String message(PlanFiles files, Gpu gpu, String why) {
        return "no engines for " + gpu.name() + ": " + why + "; build them with: depthc build " + files.folder();
    }

    /**
     * Loads the engines, the kernels and, as they are asked for, the other weights. Closing the device frees all of it.
     *
     * @param weights where the weights of the plan's model are; it must stay open as long as the device
     * @throws MissingGpuException where engines are missing, with what {@link #missing} says
     */
    public static Device open(PlanFiles files, Plan plan, BundleInfo info, WeightStore weights, Gpu gpu) throws IOException {
        if (!(EngineStore.find(files, EngineStore.fingerprint(files, info), gpu, TensorRt.version()) instanceof EngineStore.Found.Fitting(var folder, var engines))) {
            throw new MissingGpuException(missing(files, info, gpu).orElseThrow());
        }
        var path = KernelLauncher.cubinFor(gpu, files.kernels());
        Cuda cuda = Cuda.open(Driver.open(Libraries.ofSystem()), gpu);
        try {
            cuda.enter();
            var kernels = new KernelLauncher(cuda, path);
            var segments = TensorRtSegments.load(cuda, folder, engines, files, plan);
            return new CudaDevice(cuda, kernels, segments, weights, files.rowType());
        } catch (IOException | RuntimeException | Error e) {
            cuda.close();
            throw e;
        }
    }
}
