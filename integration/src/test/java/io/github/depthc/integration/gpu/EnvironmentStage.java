// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import io.github.depthc.backend.kernels.Nvrtc;
import io.github.depthc.backend.kernels.Precision;
import io.github.depthc.backend.tensorrt.Gpu;
import io.github.depthc.backend.tensorrt.GpuBench;
import io.github.depthc.backend.tensorrt.GpuSupport;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;

/** Names and versions, and the two ceilings that times are compared with. */
final class EnvironmentStage {
    private static final long COPIED = 2L << 30;
    private static final int MATRIX = 8192;
    private static final int ROUNDS = 21;

    private EnvironmentStage() {
    }

    static void run(Setting setting, Findings findings) throws IOException, InterruptedException {
        Gpu gpu = GpuSupport.gpus().getFirst();
        findings.put("date", LocalDate.now().toString());
        findings.put("gpu", gpu);
        Optional<Path> smi = Processes.find("nvidia-smi", Path.of("/usr/local/nvidia/bin"));
        if (smi.isPresent()) {
            findings.put("nvidia_smi", Processes.run(List.of(smi.get().toString(), "--query-gpu=driver_version,clocks.max.sm,power.limit", "--format=csv,noheader"),
                    Duration.ofSeconds(30)).output().strip());
        }
        findings.put("java", Runtime.version().toString());
        findings.put("nvrtc", Nvrtc.open(null).version());
        findings.put("tensorrt", GpuBench.tensorRtVersion());
        try (GpuBench bench = GpuBench.open(gpu, Precision.BF16, setting.work().resolve("kernels"))) {
            findings.measured("copy_bytes_per_second", bench.copyRates(COPIED, ROUNDS));
            findings.measured("matmul_flops_per_second", bench.matmulRates(MATRIX, ROUNDS));
        }
    }
}
