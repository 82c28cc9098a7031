// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GpuSupportTest {
    private static final String LINUX = "Linux amd64";
    private static final Predicate<String> NOTHING = name -> false;
    private static final int TERMINAL = 80;
    private static final String ONE_GPU = """
            int cuDriverGetVersion(int* v) { *v = 13000; return 0; }
            int cuDeviceGetCount(int* n) { *n = 1; return 0; }
            int cuDeviceGetName(char* name, int size, int d) { name[0] = 'G'; name[1] = 0; return 0; }
            """;

    @TempDir
    private Path folder;

    private String missing(Predicate<String> onClassPath) {
        String line = GpuSupport.check(new Libraries(false, List.of(folder), onClassPath), LINUX).orElse("");
        assertFalse(line.contains("\n"), line);
        return line;
    }

    private void assertMissing(String... parts) {
        String line = missing(NOTHING);
        for (String part : parts) {
            assertTrue(line.contains(part), line);
        }
    }

    @Test
    void thisMachineIsAnsweredWithoutAnError() {
        GpuSupport.check().ifPresent(line -> assertFalse(line.isBlank() || line.contains("\n"), line));
    }

    @Test
    void anotherPlatform() {
        assertTrue(GpuSupport.check(new Libraries(false, List.of(), NOTHING), "Mac OS X aarch64").orElseThrow().contains("this is Mac OS X aarch64"));
    }

    @Test
    void noDriver() {
        assertEquals("no NVIDIA driver (libcuda.so.1); install 580 or later", missing(NOTHING));
        assertTrue(("Running on the CPU: " + missing(NOTHING)).length() <= TERMINAL);
    }

    /** Where Java looks by itself need not be listed. */
    @Test
    void whereWasLookedIsShort() {
        String where = Libraries.ofSystem().where();
        assertTrue(where.startsWith("LD_LIBRARY_PATH, the system's folders, /usr/local/cuda") && where.length() <= TERMINAL + 10, where);
    }

    @Test
    void aDriverThatCannotBeLoaded() throws IOException {
        Files.writeString(folder.resolve("libcuda.so.1"), "no library");
        assertEquals("no NVIDIA driver: " + folder.resolve("libcuda.so.1") + " cannot be loaded; install 580 or later", missing(NOTHING));
    }

    @Test
    void aDriverThatSeesNoGpu() throws IOException, InterruptedException {
        StubDriver.compile(folder, "", 100);
        assertMissing("no GPU", "(100)", "nvidia-smi");
    }

    @Test
    void aDriverWithADeviceCountOfNone() throws IOException, InterruptedException {
        StubDriver.compile(folder, ONE_GPU.replace("*n = 1", "*n = 0"), 0);
        assertMissing("no GPU", "CUDA_VISIBLE_DEVICES");
    }

    @Test
    void aDriverThatIsTooOld() throws IOException, InterruptedException {
        StubDriver.compile(folder, ONE_GPU.replace("13000", "12040"), 0);
        assertMissing("CUDA 12.4", "expected 13.0", "580");
    }

    @Test
    void aDriverThatLacksAFunction() throws IOException, InterruptedException {
        StubDriver.compile(folder, "int cuInit() { return 0; }", -1);
        assertMissing("has no function cuDriverGetVersion", "580");
    }

    @Test
    void aDriverThatFails() throws IOException, InterruptedException {
        StubDriver.compile(folder, """
                int cuInit() { return 999; }
                int cuGetErrorName(int code, const char** name) { *name = "CUDA_ERROR_UNKNOWN"; return 0; }
                int cuGetErrorString(int code, const char** text) { *text = "unknown error"; return 0; }
                """, 0);
        assertEquals("the NVIDIA driver does not work: cuInit failed: CUDA_ERROR_UNKNOWN (999), unknown error", missing(NOTHING));
    }

    @Test
    void librariesThatAreMissing() throws IOException, InterruptedException {
        StubDriver.compile(folder, ONE_GPU, 0);
        assertMissing("libcudart.so.13 was not found", folder.toString(), "the CUDA 13 toolkit", "LD_LIBRARY_PATH");
        Predicate<String> cuda = name -> name.startsWith("org/bytedeco/cuda/linux-x86_64/lib");
        assertTrue(missing(cuda).contains("libnvinfer.so.11 was not found"), missing(cuda));
        assertTrue(missing(cuda).contains("TensorRT 11.2"), missing(cuda));
        Predicate<String> redistOfCuda = name -> name.contains("cudart") || name.contains("nvrtc");
        assertTrue(missing(redistOfCuda).contains("libcublasLt.so.13 was not found"), missing(redistOfCuda));
        assertEquals("", missing(name -> true));
    }
}
