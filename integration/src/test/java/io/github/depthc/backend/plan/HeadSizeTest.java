// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Plans are held to what the kernels were written for. */
final class HeadSizeTest {
    @Test
    void theLimitIsThatOfTheKernels() throws IOException {
        String heads = Files.readString(Path.of(System.getProperty("depthc.root"), "backend/kernels/src/main/cuda/heads.cuh"));
        assertTrue(heads.lines().anyMatch(("#define MAX_HEAD_DIM " + Plan.MOST_HEAD_DIM)::equals), heads);
    }
}
