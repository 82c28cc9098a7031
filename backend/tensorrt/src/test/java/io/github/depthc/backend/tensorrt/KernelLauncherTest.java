// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.ir.InputException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class KernelLauncherTest {
    private static final TreeMap<Integer, Path> COMPILED = new TreeMap<>(Map.of(80, Path.of("80"), 86, Path.of("86"), 90, Path.of("90")));

    private static String cubin(int architecture) {
        return KernelLauncher.cubinFor(new Gpu(0, "GPU", architecture, 1, 1, "13.0"), COMPILED).toString();
    }

    /** A cubin runs on later GPUs of its generation, and on no other. */
    @Test
    void theNewestCubinOfTheGeneration() {
        assertEquals("80", cubin(80));
        assertEquals("86", cubin(86));
        assertEquals("86", cubin(89));
        assertEquals("90", cubin(90));
        for (int none : new int[] {75, 100, 120}) {
            assertEquals("the kernels are compiled for the architectures 80, 86, 90, GPU is " + none + "; convert the model again with --gpu-arch " + none,
                    assertThrows(InputException.class, () -> cubin(none)).getMessage());
        }
    }
}
