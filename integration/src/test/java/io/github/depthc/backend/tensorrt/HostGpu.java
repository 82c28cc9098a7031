// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.depthc.backend.kernels.Kernel;
import io.github.depthc.backend.plan.Device;
import io.github.depthc.backend.plan.DeviceTensor;
import io.github.depthc.backend.plan.Ending;
import io.github.depthc.backend.plan.HostDevice;
import io.github.depthc.backend.runtime.EngineLimits;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** A GPU that is none: fake_driver.cpp and the CUDA sources, compiled by the machine's C++ compiler. Segments run on the CPU. */
public final class HostGpu {
    private static final Predicate<String> NO_RESOURCES = name -> false;
    private static final boolean HAS_COMPILER = hasCompiler();

    private final SymbolLookup library;

    private HostGpu(Path folder) {
        this.library = new Libraries(false, List.of(folder), NO_RESOURCES).load(Driver.LIBRARY).orElseThrow();
    }

    /** One for all tests that ask; they are skipped where there is no {@code c++}. */
    public static HostGpu shared() {
        assumeTrue(HAS_COMPILER, "no c++ compiler: the CUDA sources are not run on the host");
        return Shared.GPU;
    }

    /** Takes some seconds, once. */
    private static final class Shared {
        static final HostGpu GPU = compile();
    }

    private static HostGpu compile() {
        try {
            Path folder = Files.createTempDirectory("host-gpu");
            Path kernels = Path.of(System.getProperty("depthc.root"), "backend/kernels/src");
            var program = new StringBuilder("#include <memory>\n#include \"host_shim.h\"\n");
            Stream.of(Kernel.values()).map(Kernel::source).distinct().forEach(file -> program.append("#include \"").append(file).append("\"\n"));
            program.append("#include \"fake_driver.cpp\"\n");
            for (Kernel kernel : Kernel.values()) {
                program.append("int entry_").append(kernel.symbol()).append(" = fake::entry(\"").append(kernel.symbol()).append("\", ").append(kernel.symbol())
                        .append(");\n");
            }
            program.append("int version = (fake::entries()[\"").append(Kernel.version()).append("\"] = fake::Entry(), 0);\n");
            Path source = Files.writeString(folder.resolve("driver.cpp"), program);
            Path driver = folder.resolve("fake_driver.cpp");
            try (InputStream in = HostGpu.class.getResourceAsStream("fake_driver.cpp")) {
                Files.copy(in, driver);
            }
            Path made = folder.resolve(Driver.LIBRARY);
            Process process = new ProcessBuilder("c++", "-std=c++17", "-O2", "-ffp-contract=off", "-fno-strict-aliasing", "-U_FORTIFY_SOURCE", "-fPIC", "-shared",
                    "-DDEPTHC_ROW=f32", "-I" + kernels.resolve("test/cuda"), "-I" + kernels.resolve("main/cuda"), source.toString(), "-o", made.toString())
                    .redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes());
            assertEquals(0, process.waitFor(), output);
            var gpu = new HostGpu(folder);
            for (Path file : List.of(source, driver, made, folder)) {
                Files.delete(file); // the library stays loaded
            }
            return gpu;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean hasCompiler() {
        try {
            Process version = new ProcessBuilder("c++", "--version").redirectErrorStream(true).start();
            version.getInputStream().readAllBytes();
            return version.waitFor() == 0;
        } catch (IOException | InterruptedException e) {
            return false;
        }
    }

    Driver driver() {
        return new Driver(library);
    }

    Cuda cuda() {
        Driver driver = driver();
        return Cuda.open(driver, Gpu.list(driver).getFirst());
    }

    /**
     * A plan's device: this GPU for kernels and memory, {@code cpu} for segments and a prompt's attention, or null. It closes {@code cpu}, too.
     *
     * @param limits what it says that its engines were built for
     */
    public Device device(HostDevice cpu, WeightStore weights, EngineLimits limits) throws IOException {
        Cuda cuda = cuda();
        var ends = new ArrayDeque<Runnable>(List.of(cuda::close));
        try {
            cuda.enter();
            KernelLauncher kernels = kernels(cuda);
            ends.addFirst(kernels::close);
            var segments = new OnCpu(cpu, limits);
            ends.addFirst(segments::close);
            return new CudaDevice(cuda, kernels, segments, weights, DType.F32);
        } catch (IOException | RuntimeException | Error e) {
            Ending.after(e, List.copyOf(ends));
            throw e;
        }
    }

    KernelLauncher kernels(Cuda cuda) throws IOException {
        Path cubin = Files.writeString(Files.createTempFile("kernels", ".cubin"), "cubin");
        try {
            return new KernelLauncher(cuda, cubin);
        } finally {
            Files.delete(cubin);
        }
    }

    /** Device memory is this process's, so that the CPU computes in place, when the stream comes to it. */
    private final class OnCpu implements SegmentEngines {
        private final HostDevice cpu;
        private final EngineLimits limits;
        private final List<Runnable> started = new ArrayList<>();
        private final Arena arena = Arena.ofShared();
        private final MethodHandle start;
        private final MemorySegment callback;

        @SuppressWarnings("restricted")
        OnCpu(HostDevice cpu, EngineLimits limits) {
            this.cpu = cpu;
            this.limits = limits;
            start = Linker.nativeLinker().downcallHandle(library.findOrThrow("fake_start"),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
            try {
                callback = Linker.nativeLinker().upcallStub(MethodHandles.lookup().bind(this, "run", MethodType.methodType(void.class, int.class)),
                        FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT), arena);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }

        @SuppressWarnings("unused") // called by the driver
        private void run(int number) {
            started.get(number).run();
        }

        private void start(Runnable work) {
            started.add(work);
            try {
                assertEquals(0, (int) start.invokeExact(callback, started.size() - 1));
            } catch (Throwable e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public EngineLimits limits() {
            return limits;
        }

        @Override
        public void segment(int index, List<DeviceTensor> inputs, List<DeviceTensor> outputs) {
            start(() -> cpu.segment(index, inputs, outputs));
        }

        @Override
        public void attention(Attention kind, List<DeviceTensor> inputs, DeviceTensor out) {
            boolean byIndex = inputs.size() > 3;
            start(() -> cpu.attention(kind, inputs.get(0), inputs.get(1), inputs.get(2), byIndex ? inputs.get(3) : null, byIndex ? inputs.get(4) : null, out));
        }

        @Override
        public void close() {
            if (cpu != null) {
                cpu.close();
            }
            arena.close();
        }
    }

    /** Asks the library for a number: {@code fake_allocated}. */
    @SuppressWarnings("restricted")
    public long number(String function) {
        try {
            return (long) Linker.nativeLinker().downcallHandle(library.findOrThrow(function), FunctionDescriptor.of(ValueLayout.JAVA_LONG)).invokeExact();
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** How much memory the GPU has. */
    void memory(long bytes) {
        set("fake_memory", bytes);
    }

    /** Tells the library a number: {@code fake_broken}. */
    @SuppressWarnings("restricted")
    public void set(String function, long value) {
        try {
            Linker.nativeLinker().downcallHandle(library.findOrThrow(function), FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG)).invokeExact(value);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
