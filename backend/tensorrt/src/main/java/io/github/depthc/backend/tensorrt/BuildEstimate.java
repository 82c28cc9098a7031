// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.onnx.WrittenGraph;
import io.github.depthc.backend.plan.PlanFiles;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * What building takes, roughly. Engines are built one after the other, so that the largest one decides: TensorRT holds its weights twice in the
 * memory of this process (as it arranges them, and in the serialized engine; the source is mapped) beside its own libraries, and twice on the
 * GPU (to time alternatives) beside the workspace, which may be all that is left. The comparison that follows holds all weights in F32 here, and all engines on the GPU. On disk an engine is about as large as its weights.
 *
 * @param hostBytes   memory of this process
 * @param deviceBytes memory of the GPU, without workspace
 * @param diskBytes   of all engines
 */
public record BuildEstimate(long hostBytes, long deviceBytes, long diskBytes) {
    private static final long LIBRARIES_ON_HOST = 3L << 30;
    private static final long LIBRARIES_ON_DEVICE = 1L << 30;
    private static final int COPIES = 2;

    /** That of a plan. */
    public static BuildEstimate of(PlanFiles files) throws IOException {
        long largest = 0;
        long sum = 0;
        long inF32 = 0;
        for (Path graph : EngineStore.graphs(files)) {
            WrittenGraph written = WrittenGraph.read(graph);
            long bytes = weightBytes(written);
            largest = Math.max(largest, bytes);
            sum += bytes;
            inF32 += written.weights().values().stream().mapToLong(WrittenGraph.External::elements).sum() * Float.BYTES;
        }
        return new BuildEstimate(Math.max(COPIES * largest, inF32) + LIBRARIES_ON_HOST, Math.max(COPIES * largest, sum) + LIBRARIES_ON_DEVICE, sum);
    }

    static long weightBytes(WrittenGraph graph) {
        return graph.weights().values().stream().mapToLong(w -> w.placed().length()).sum();
    }

    /**
     * What to say where the GPU has less memory free than building takes; empty where it has enough.
     *
     * @throws InputException where the weights alone do not fit
     */
    public Optional<String> lacking(String gpu, long freeBytes) {
        if (diskBytes > freeBytes) {
            throw new InputException(String.format(Locale.ROOT, "%s: the weights of the engines are %.2f GiB, %.2f GiB of the GPU's memory are free; end other programs on this GPU, or convert the "
                    + "model in a smaller --precision or with --weights int8 or int4", gpu, gib(diskBytes), gib(freeBytes)));
        }
        return deviceBytes <= freeBytes ? Optional.empty() : Optional.of(String.format(Locale.ROOT, "%s: %.2f GiB of its memory are free, building takes about %.2f GiB: it may fail, or choose slower ways; "
                + "end other programs on this GPU", gpu, gib(freeBytes), gib(deviceBytes)));
    }

    /** In one line. */
    public String text() {
        return String.format(Locale.ROOT, "building takes about %.1f GiB of memory, %.1f GiB of the GPU's and a workspace, and %.1f GiB of disk",
                gib(hostBytes), gib(deviceBytes), gib(diskBytes));
    }

    static double gib(long bytes) {
        return bytes / (double) (1L << 30);
    }
}
