// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import io.github.depthc.backend.kernels.KernelCases;
import io.github.depthc.backend.kernels.KernelRunner;
import io.github.depthc.backend.kernels.Precision;
import io.github.depthc.backend.tensorrt.Gpu;
import io.github.depthc.backend.tensorrt.GpuBench;
import io.github.depthc.backend.tensorrt.GpuSupport;
import java.io.IOException;
import java.util.Locale;

/** The kernels' cases, in all precisions. */
final class KernelStage {
    private KernelStage() {
    }

    static void run(Setting setting, Findings findings) throws IOException {
        Gpu gpu = GpuSupport.gpus().getFirst();
        int failed = 0;
        for (Precision precision : Precision.values()) {
            try (GpuBench bench = GpuBench.open(gpu, precision, setting.work().resolve("kernels"))) {
                failed += run(bench.runner(), precision, findings);
            }
        }
        if (failed > 0) {
            throw new StageFailure(failed + " groups of cases differ from Java");
        }
    }

    /** Runs all cases and gives how many groups failed. */
    static int run(KernelRunner runner, Precision precision, Findings findings) throws IOException {
        int failed = 0;
        for (KernelCases cases : KernelCases.values()) {
            String key = precision.text() + "." + cases.name().toLowerCase(Locale.ROOT) + ".";
            long start = System.nanoTime();
            String outcome;
            try {
                cases.run(runner, precision);
                outcome = "equal";
            } catch (AssertionError e) {
                outcome = e.getMessage();
                failed++;
            }
            findings.put(key + "cases", cases.count());
            findings.put(key + "outcome", outcome);
            findings.put(key + "seconds", (System.nanoTime() - start) / 1e9);
        }
        return failed;
    }
}
