// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.plan.PlanFiles;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What is known before an engine is built. */
class BuildEstimateTest {
    private static final long GIB = 1L << 30;
    private static final BuildEstimate ESTIMATE = new BuildEstimate(9 * GIB, 5 * GIB, 3 * GIB);

    @Test
    void onlyWeightsThatDoNotFitAreAnError() {
        assertEquals(Optional.empty(), ESTIMATE.lacking("GPU", 5 * GIB));
        String remark = ESTIMATE.lacking("GPU", 5 * GIB - 1).orElseThrow();
        assertTrue(remark.startsWith("GPU: 5.00 GiB of its memory are free, building takes about 5.00 GiB"), remark);
        assertTrue(ESTIMATE.lacking("GPU", 3 * GIB).isPresent());
        String error = assertThrows(InputException.class, () -> ESTIMATE.lacking("GPU", 3 * GIB - GIB / 2)).getMessage();
        assertEquals("GPU: the weights of the engines are 3.00 GiB, 2.50 GiB of the GPU's memory are free; end other programs on this GPU, or convert the model in a smaller --precision or with --weights int8 or int4", error);
    }

    /** Before anything is asked of the GPU: of a plan whose kernels do not run on it nothing is built. */
    @Test
    void kernelsAreLookedForFirst() {
        var files = new PlanFiles(Path.of("bundle"), DType.BF16, List.of(), List.of(), new TreeMap<>(Map.of(80, Path.of("sm_80.cubin"))));
        var gpu = new Gpu(0, "NVIDIA H200", 90, 132, 140 * GIB, "13.0");
        String message = assertThrows(InputException.class, () -> EngineBuilder.build(files, null, gpu, new EngineBuilder.Limits(16, 1), null)).getMessage();
        assertTrue(message.endsWith("NVIDIA H200 is 90; convert the model again with --gpu-arch 90"), message);
    }
}
