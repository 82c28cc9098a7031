// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

final class EngineNamesTest {
    @Test
    void namesOfGpusBecomeFileNames() {
        assertEquals("nvidia-h200-trt11.2.1", EngineNames.folder("NVIDIA H200", "11.2.1"));
        assertEquals("nvidia-geforce-rtx-4090", EngineNames.sanitized(" NVIDIA GeForce RTX™ 4090 "));
        assertEquals("etc-passwd", EngineNames.sanitized("../../etc/passwd"));
        assertEquals("gpu", EngineNames.sanitized("…"));
        assertEquals("gpu", EngineNames.sanitized(""));
        assertEquals(60, EngineNames.sanitized("x".repeat(300)).length());
    }

    @Test
    void numbersSortAsNames() {
        assertEquals("segment-007.engine", EngineNames.segment(7));
        assertEquals("attention-000.engine", EngineNames.attention(0));
    }
}
