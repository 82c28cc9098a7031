// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Versions of what GPUs need. */
class GpusTest {
    @Test
    void aDriverThatIsTooOld() {
        assertEquals(new Check("driver", "GPU driver", Check.State.OK, "libcuda.so.1, up to CUDA 13.0"), Gpus.driver("libcuda.so.1", OptionalInt.of(13000)));
        assertEquals(new Check("driver", "GPU driver", Check.State.ABSENT, "libcuda.so.1, up to CUDA 12.9; engines need a driver for CUDA 13.0 or later (580)"),
                Gpus.driver("libcuda.so.1", OptionalInt.of(12090)));
    }

    /** Stand-ins for nvidia-smi: whether there is no GPU or nobody to ask are two things. */
    @Test
    @DisabledOnOs(OS.WINDOWS)
    void whyNoGpuIsListed(@TempDir Path folder) throws IOException {
        String missing = folder.resolve("missing").toString();
        assertEquals(new Check("gpu", "GPU", Check.State.ABSENT, "none known (" + missing + " not found)"), Gpus.gpu(missing));
        String none = tool(folder, "none", "echo 'No devices were found'; exit 6");
        assertEquals(new Check("gpu", "GPU", Check.State.ABSENT, "no NVIDIA GPU (" + none + " finds none)"), Gpus.gpu(none));
        String failing = tool(folder, "failing", "echo 'cannot communicate with the driver'; echo more; exit 9");
        assertEquals(new Check("gpu", "GPU", Check.State.ABSENT, "none known (" + failing + " says: cannot communicate with the driver)"), Gpus.gpu(failing));
        String two = tool(folder, "two", "echo 'NVIDIA H200, 143771 MiB, 580.1'; echo 'NVIDIA L4, 23034 MiB, 580.1'");
        assertEquals(new Check("gpu", "GPU", Check.State.OK, "NVIDIA H200, 143771 MiB, 580.1; NVIDIA L4, 23034 MiB, 580.1"), Gpus.gpu(two));
    }

    private static String tool(Path folder, String name, String script) throws IOException {
        Path file = Files.writeString(folder.resolve(name), "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        return file.toString();
    }

    @Test
    void anotherTensorRt() {
        assertEquals(new Check("tensorrt", "TensorRT", Check.State.OK, "libnvinfer.so.11, 11.2.1"), Gpus.tensorRt("libnvinfer.so.11", "11.2.1"));
        assertEquals(new Check("tensorrt", "TensorRT", Check.State.ABSENT, "libnvinfer.so.10, 10.9.0; engines need 11.2.x"), Gpus.tensorRt("libnvinfer.so.10", "10.9.0"));
    }
}
