// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.plan.Device;
import io.github.depthc.backend.plan.Ending;
import io.github.depthc.backend.plan.Plan;
import io.github.depthc.backend.plan.PlanFiles;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Locale;
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

    /** Takes engines that were found equal to the CPU: {@link #missing} and {@link #open} see them from now on. */
    public static void accept(PlanFiles files, Gpu gpu) throws IOException {
        Path folder = EngineStore.folder(files, gpu.name(), TensorRt.version());
        Files.move(folder.resolve(EngineNames.UNCHECKED), folder.resolve(EngineNames.JSON), StandardCopyOption.ATOMIC_MOVE);
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
        if (!(EngineStore.find(files, EngineStore.fingerprint(files, info), gpu, TensorRt.version()) instanceof EngineStore.Found.Fitting fitting)) {
            throw new MissingGpuException(missing(files, info, gpu).orElseThrow());
        }
        return open(files, plan, weights, gpu, fitting);
    }

    /** The same of engines that were built just now, to compare them with the CPU. */
    public static Device openUnchecked(PlanFiles files, Plan plan, BundleInfo info, WeightStore weights, Gpu gpu) throws IOException {
        return switch (EngineStore.find(files, EngineStore.fingerprint(files, info), gpu, TensorRt.version(), EngineNames.UNCHECKED)) {
            case EngineStore.Found.Fitting fitting -> open(files, plan, weights, gpu, fitting);
            case EngineStore.Found.Missing(String why) -> throw new MissingGpuException(message(files, gpu, why));
        };
    }

    private static Device open(PlanFiles files, Plan plan, WeightStore weights, Gpu gpu, EngineStore.Found.Fitting fitting) throws IOException {
        Path path = KernelLauncher.cubinFor(gpu, files.kernels());
        Cuda cuda = Cuda.open(Driver.open(Libraries.ofSystem()), gpu);
        var ends = new ArrayDeque<Runnable>(List.of(cuda::close));
        try {
            cuda.enter();
            requireMemory(cuda, gpu, fitting.info());
            var kernels = new KernelLauncher(cuda, path);
            ends.addFirst(kernels::close);
            var segments = TensorRtSegments.load(cuda, fitting.folder(), fitting.info(), files, plan);
            ends.addFirst(segments::close);
            return new CudaDevice(cuda, kernels, segments, weights, files.rowType());
        } catch (IOException | RuntimeException | Error e) {
            Ending.after(e, List.copyOf(ends));
            throw e;
        }
    }

    /** Loading fails somewhere inside TensorRT where there is too little, which says nothing to a user. */
    private static void requireMemory(Cuda cuda, Gpu gpu, EnginesInfo info) throws IOException {
        long needed = info.bytes();
        long free = cuda.freeBytes();
        if (needed > free) {
            throw new IOException(String.format(Locale.ROOT, "%s: out of memory: the engines take %.2f GiB, %.2f GiB of %.2f GiB are free; end other programs on this GPU, or convert the "
                    + "model in a smaller --precision or with --weights int8 or int4", gpu.name(), gib(needed), gib(free), gib(gpu.memoryBytes())));
        }
    }

    private static double gib(long bytes) {
        return bytes / (double) (1L << 30);
    }
}
