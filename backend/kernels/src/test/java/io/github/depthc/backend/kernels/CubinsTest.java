// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class CubinsTest {
    private static final byte[] ELF = {0x7f, 'E', 'L', 'F'};

    private static Nvrtc nvrtc;

    @TempDir
    private Path folder;

    @BeforeAll
    static void open() {
        assumeTrue(System.getProperty("os.name").equals("Linux") && System.getProperty("os.arch").equals("amd64"), "NVRTC's jar is for Linux on x86-64");
        // Below target, so that a second run finds it unpacked and a clean one leaves nothing.
        nvrtc = Nvrtc.open(null, Path.of("target", "cache"));
    }

    /** A process that ends while NVRTC compiles may crash: whatever fails, the others are waited for. */
    @Test
    void whatFailsLeavesNothingThatCompiles() throws InterruptedException {
        var calls = new AtomicInteger();
        var e = assertThrows(IllegalStateException.class, () -> Cubins.compile(nvrtc, Precision.F32, Cubins.ARCHITECTURES, (done, all) -> {
            calls.incrementAndGet();
            throw new IllegalStateException("at " + done);
        }));
        int until = calls.get();
        assertTrue(e.getMessage().startsWith("at "), e.getMessage());
        Thread.sleep(2000);
        assertEquals(until, calls.get());
    }

    @ParameterizedTest
    @EnumSource
    void everyKernelCompilesForEveryArchitecture(Precision precision) {
        var seen = new ConcurrentSkipListSet<Integer>();
        SortedMap<Integer, byte[]> cubins = Cubins.compile(nvrtc, precision, Cubins.ARCHITECTURES, (done, all) -> seen.add(done));
        assertEquals(List.of(1, 2, 3, 4, 5, 6), List.copyOf(seen));
        assertEquals(Cubins.ARCHITECTURES, List.copyOf(cubins.keySet()));
        for (byte[] bytes : cubins.values()) {
            assertArrayEquals(ELF, Arrays.copyOf(bytes, ELF.length));
            String text = new String(bytes, StandardCharsets.ISO_8859_1);
            for (Kernel kernel : Kernel.values()) {
                assertTrue(text.contains("\0.text." + kernel.symbol() + "\0"), () -> kernel.symbol() + " is missing");
            }
            assertTrue(text.contains("\0.text." + Kernel.version() + "\0"), "what version they are");
        }
        if (precision == Precision.BF16) {
            assertArrayEquals(cubins.get(90), Cubins.compile(nvrtc, precision, 90));
        }
    }

    @Test
    void aMistakeHasItsFileAndLine() {
        Map<String, String> files = Map.of("wrong.cu", "extern \"C\" __global__ void f(int* a) {\n    a[0] = b;\n}\n");
        String message = assertThrows(NvrtcException.class,
                () -> nvrtc.compile("all.cu", "#include \"wrong.cu\"\n", files, Cubins.options(Precision.F32, 80))).getMessage();
        assertTrue(message.contains("wrong.cu(2): error: identifier \"b\" is undefined"), message);
        assertTrue(message.startsWith("nvrtcCompileProgram failed with 6 (NVRTC_ERROR_COMPILATION)"), message);
    }

    @Test
    void anArchitectureThatIsUnknownIsRefused() {
        String message = assertThrows(InputException.class, () -> Cubins.compile(nvrtc, Precision.F32, List.of(80, 33), (done, all) -> { })).getMessage();
        assertTrue(message.startsWith("GPU architecture 33 is unknown to NVRTC " + nvrtc.version() + "; expected one of [75, 80, "), message);
    }

    @Test
    void aFolderWithoutNvrtcIsRefused() {
        String message = assertThrows(InputException.class, () -> Nvrtc.open(folder)).getMessage();
        assertEquals(folder + " has no libnvrtc.so.13; give the library folder of a CUDA 13 toolkit (cuda_nvrtc)", message);
    }

    @Test
    void aFileThatIsNoLibraryIsRefused() throws IOException {
        Files.writeString(folder.resolve("libnvrtc.so.13"), "no library");
        String message = assertThrows(InputException.class, () -> Nvrtc.open(folder)).getMessage();
        assertTrue(message.startsWith(folder.resolve("libnvrtc.so.13") + " is no shared library of Linux (ELF, 64 bits); give "), message);
    }

    @Test
    void unpackingLeavesNothingElse() throws IOException {
        assumeTrue(nvrtc.folder().startsWith("target"), "this machine has a CUDA toolkit");
        try (var entries = Files.list(Path.of("target", "cache"))) {
            assertEquals(List.of(nvrtc.folder()), entries.toList());
        }
    }
}
