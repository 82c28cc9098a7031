// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import io.github.depthc.backend.kernels.Cubins;
import io.github.depthc.backend.tensorrt.GpuSupport;

/** What {@code --gpu-arch} is to be here: compiling for other GPUs takes time that nobody needs. */
final class Architecture {
    private Architecture() {
    }

    /** The newest architecture that convert knows and this GPU runs. */
    static int ofGpu() {
        int own = GpuSupport.gpus().getFirst().architecture();
        return Cubins.ARCHITECTURES.stream().filter(a -> a <= own && a / 10 == own / 10).max(Integer::compare)
                .orElseThrow(() -> new StageFailure("kernels are compiled for " + Cubins.ARCHITECTURES + ", this GPU is " + own));
    }
}
