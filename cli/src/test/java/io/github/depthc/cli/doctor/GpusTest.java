// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** Versions of what GPUs need. */
class GpusTest {
    @Test
    void aDriverThatIsTooOld() {
        assertEquals(new Check("driver", "GPU driver", Check.State.OK, "libcuda.so.1, up to CUDA 13.0"), Gpus.driver("libcuda.so.1", OptionalInt.of(13000)));
        assertEquals(new Check("driver", "GPU driver", Check.State.ABSENT, "libcuda.so.1, up to CUDA 12.9; engines need a driver for CUDA 13.0 or later (580)"),
                Gpus.driver("libcuda.so.1", OptionalInt.of(12090)));
    }

    @Test
    void anotherTensorRt() {
        assertEquals(new Check("tensorrt", "TensorRT", Check.State.OK, "libnvinfer.so.11, 11.2.1"), Gpus.tensorRt("libnvinfer.so.11", "11.2.1"));
        assertEquals(new Check("tensorrt", "TensorRT", Check.State.ABSENT, "libnvinfer.so.10, 10.9.0; engines need 11.2.x"), Gpus.tensorRt("libnvinfer.so.10", "10.9.0"));
    }
}
