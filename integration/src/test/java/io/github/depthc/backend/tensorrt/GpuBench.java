// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.kernels.Cubins;
import io.github.depthc.backend.kernels.KernelRunner;
import io.github.depthc.backend.kernels.Nvrtc;
import io.github.depthc.backend.kernels.Precision;
import io.github.depthc.backend.plan.DeviceMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** One GPU with the kernels of one precision, compiled for it here: runs their cases and measures. */
public final class GpuBench implements AutoCloseable {
    private final Cuda cuda;
    private final KernelLauncher kernels;

    GpuBench(Cuda cuda, KernelLauncher kernels) {
        this.cuda = cuda;
        this.kernels = kernels;
    }

    /**
     * Takes a GPU.
     *
     * @param folder where the compiled kernels are put, made where it is missing
     */
    public static GpuBench open(Gpu gpu, Precision precision, Path folder) throws IOException {
        Path cubin = Files.createDirectories(folder).resolve("kernels-" + precision.text() + ".cubin");
        Files.write(cubin, Cubins.compile(Nvrtc.open(null), precision, gpu.architecture()));
        Cuda cuda = Cuda.open(Driver.open(Libraries.ofSystem()), gpu);
        try {
            cuda.enter();
            return new GpuBench(cuda, new KernelLauncher(cuda, cubin));
        } catch (IOException | RuntimeException | Error e) {
            cuda.close();
            throw e;
        }
    }

    /** Version of the TensorRT library. */
    public static String tensorRtVersion() {
        return TensorRt.version();
    }

    /** What runs the cases of these kernels. */
    public KernelRunner runner() {
        return new GpuKernels(cuda, kernels);
    }

    /**
     * Copies from one place of the GPU's memory to another.
     *
     * @param bytes  of one copy, more than caches hold
     * @param rounds measurements, of 8 copies each
     * @return bytes read and written in a second
     */
    public List<Double> copyRates(long bytes, int rounds) {
        int copies = 8;
        try (DeviceMemory from = cuda.allocate(bytes); DeviceMemory to = cuda.allocate(bytes)) {
            cuda.fill(from.address(), 0x3f8ccccd, bytes / Integer.BYTES);
            return seconds(rounds, copies, i -> cuda.copy(from.address(), to.address(), bytes)).stream().map(s -> 2 * bytes / s).toList();
        }
    }

    /**
     * Times the routing steps of one layer.
     *
     * @param beyondCaches bytes that no cache of the GPU holds: hidden states come from so many in turn
     */
    public List<RoutingTimes.Step> routing(Precision precision, int tokens, int candidates, double ratio, int width, long beyondCaches, int rounds) {
        cuda.enter();
        return new RoutingTimes(this, cuda, kernels, precision, width, beyondCaches).measure(tokens, candidates, ratio, rounds);
    }

    /**
     * Times the rows of a prompt out of a table of embeddings in integers of 4 or 8 bits, in blocks of so many elements.
     *
     * @param beyondCaches bytes that no cache of the GPU holds
     */
    public RoutingTimes.Step embedding(Precision precision, int tokens, int bits, int block, int width, long beyondCaches, int rounds) {
        cuda.enter();
        return new EmbeddingTimes(this, cuda, kernels, precision).measure(tokens, bits, block, width, beyondCaches, rounds);
    }

    /** Products of two square BF16 matrices by cuBLAS: FLOPs in a second. */
    public List<Double> matmulRates(int size, int rounds) {
        cuda.enter();
        return Matmul.rates(this, cuda, size, rounds);
    }

    /** What is started in a measurement. */
    interface Started {
        /** @param repetition from 0 */
        void start(int repetition);
    }

    /**
     * Seconds of one repetition, of so many measurements. The repetitions of a measurement are recorded as one CUDA graph, so that launching them costs
     * the host nothing that is measured.
     */
    List<Double> seconds(int rounds, int repetitions, Started work) {
        cuda.enter();
        work.start(0);
        cuda.synchronize();
        Runnable graph = cuda.capture(() -> {
            for (int i = 0; i < repetitions; i++) {
                work.start(i);
            }
        });
        var seconds = new ArrayList<Double>();
        for (int round = -1; round < rounds; round++) {
            long start = System.nanoTime();
            graph.run();
            cuda.synchronize();
            if (round >= 0) {
                seconds.add((System.nanoTime() - start) / 1e9 / repetitions);
            }
        }
        return seconds;
    }

    @Override
    public void close() {
        kernels.close();
        cuda.close();
    }
}
