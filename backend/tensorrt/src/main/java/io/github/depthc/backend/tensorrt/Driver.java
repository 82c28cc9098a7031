// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.Optional;

/**
 * The functions of the CUDA driver, {@code libcuda.so.1}, by {@code java.lang.foreign}: nothing but the driver has to be there to ask for
 * GPUs, and a library of any path can stand in for it in a test. Every return code is checked.
 *
 * <p>All arguments are integers or addresses, and are passed as 64-bit words: the calling conventions of x86-64 and AArch64 leave the
 * upper half of a word undefined where a function takes an {@code int}, so that it reads the lower half.
 */
final class Driver {
    /** The library. */
    static final String LIBRARY = "libcuda.so.1";
    /** The first version that runs libraries of CUDA 13. */
    static final int OLDEST = 13000;

    static final int OUT_OF_MEMORY = 2;
    static final int NOT_FOUND = 500;
    private static final int NO_DEVICE = 100;
    private static final int LONGEST_TEXT = 4096;

    /** A function: name and how many arguments it takes. */
    enum Call {
        INIT("cuInit", 1), VERSION("cuDriverGetVersion", 1),
        DEVICE_COUNT("cuDeviceGetCount", 1), DEVICE("cuDeviceGet", 2), DEVICE_NAME("cuDeviceGetName", 3), DEVICE_ATTRIBUTE("cuDeviceGetAttribute", 3),
        DEVICE_MEMORY("cuDeviceTotalMem_v2", 2),
        RETAIN("cuDevicePrimaryCtxRetain", 2), RELEASE("cuDevicePrimaryCtxRelease_v2", 1), SET_CONTEXT("cuCtxSetCurrent", 1),
        MEMORY_INFO("cuMemGetInfo_v2", 2), ALLOCATE("cuMemAlloc_v2", 2), FREE("cuMemFree_v2", 1),
        ALLOCATE_HOST("cuMemHostAlloc", 3), FREE_HOST("cuMemFreeHost", 1),
        UPLOAD("cuMemcpyHtoDAsync_v2", 4), DOWNLOAD("cuMemcpyDtoHAsync_v2", 4), COPY("cuMemcpyDtoDAsync_v2", 4), FILL_32("cuMemsetD32Async", 4),
        STREAM("cuStreamCreate", 2), DESTROY_STREAM("cuStreamDestroy_v2", 1), SYNCHRONIZE("cuStreamSynchronize", 1),
        BEGIN_CAPTURE("cuStreamBeginCapture_v2", 2), END_CAPTURE("cuStreamEndCapture", 2),
        INSTANTIATE("cuGraphInstantiateWithFlags", 3), LAUNCH_GRAPH("cuGraphLaunch", 2), DESTROY_EXECUTABLE("cuGraphExecDestroy", 1),
        DESTROY_GRAPH("cuGraphDestroy", 1),
        LOAD_MODULE("cuModuleLoadData", 2), FUNCTION("cuModuleGetFunction", 3), UNLOAD_MODULE("cuModuleUnload", 1), LAUNCH("cuLaunchKernel", 11),
        ERROR_NAME("cuGetErrorName", 2), ERROR_STRING("cuGetErrorString", 2);

        private final String symbol;
        private final int arguments;

        Call(String symbol, int arguments) {
            this.symbol = symbol;
            this.arguments = arguments;
        }

        String symbol() {
            return symbol;
        }
    }

    private final MethodHandle[] handles = new MethodHandle[Call.values().length];

    /** @throws MissingGpuException where the library lacks a function: it is too old */
    @SuppressWarnings("restricted")
    Driver(SymbolLookup library) {
        for (Call call : Call.values()) {
            Optional<MemorySegment> symbol = library.find(call.symbol);
            if (symbol.isEmpty()) {
                throw new MissingGpuException(LIBRARY + " has no function " + call.symbol + "; install an NVIDIA driver for CUDA " + OLDEST / 1000 + " (580 or later)");
            }
            var words = new MemoryLayout[call.arguments];
            Arrays.fill(words, ValueLayout.JAVA_LONG);
            handles[call.ordinal()] = Linker.nativeLinker().downcallHandle(symbol.get(), FunctionDescriptor.of(ValueLayout.JAVA_INT, words));
        }
    }

    /**
     * Loads and initialises the driver.
     *
     * @throws MissingGpuException where there is no driver, it is too old, or it sees no GPU
     */
    static Driver open(Libraries libraries) {
        SymbolLookup library = libraries.load(LIBRARY).orElseThrow(() -> new MissingGpuException("no NVIDIA driver" + libraries.find(LIBRARY)
                .map(file -> ": " + file + " cannot be loaded").orElse(" (" + LIBRARY + ")") + "; install 580 or later"));
        var driver = new Driver(library);
        int code = driver.result(Call.INIT, 0);
        if (code == NO_DEVICE) {
            throw new MissingGpuException("no GPU: the NVIDIA driver is there and sees none (" + driver.text(code) + "); see whether nvidia-smi lists one, and "
                    + "whether this container or process may use it");
        }
        driver.check(Call.INIT, code);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
            driver.call(Call.VERSION, out.address());
            int version = out.get(ValueLayout.JAVA_INT, 0);
            if (version < OLDEST) {
                throw new MissingGpuException("the NVIDIA driver is for CUDA " + version(version) + ", expected " + version(OLDEST) + " or later; install driver 580 or later");
            }
        }
        return driver;
    }

    /** A version as NVIDIA writes it: 13.0. */
    static String version(int number) {
        return number / 1000 + "." + number % 1000 / 10;
    }

    void call(Call call, long a) {
        check(call, result(call, a));
    }

    int result(Call call, long a) {
        try {
            return (int) handle(call).invokeExact(a);
        } catch (Throwable e) {
            throw unexpected(call, e);
        }
    }

    void call(Call call, long a, long b) {
        check(call, result(call, a, b));
    }

    int result(Call call, long a, long b) {
        try {
            return (int) handle(call).invokeExact(a, b);
        } catch (Throwable e) {
            throw unexpected(call, e);
        }
    }

    void call(Call call, long a, long b, long c) {
        check(call, result(call, a, b, c));
    }

    int result(Call call, long a, long b, long c) {
        try {
            return (int) handle(call).invokeExact(a, b, c);
        } catch (Throwable e) {
            throw unexpected(call, e);
        }
    }

    void call(Call call, long a, long b, long c, long d) {
        int code;
        try {
            code = (int) handle(call).invokeExact(a, b, c, d);
        } catch (Throwable e) {
            throw unexpected(call, e);
        }
        check(call, code);
    }

    /** @param parameters addresses of the kernel's arguments, which are read before this returns */
    void launch(long function, long gridX, long gridY, long gridZ, long block, long sharedBytes, long stream, long parameters, String kernel) {
        int code;
        try {
            code = (int) handle(Call.LAUNCH).invokeExact(function, gridX, gridY, gridZ, block, 1L, 1L, sharedBytes, stream, parameters, 0L);
        } catch (Throwable e) {
            throw unexpected(Call.LAUNCH, e);
        }
        if (code != 0) {
            throw failure(Call.LAUNCH.symbol + " of " + kernel, code);
        }
    }

    private MethodHandle handle(Call call) {
        return handles[call.ordinal()];
    }

    private static IllegalStateException unexpected(Call call, Throwable e) {
        return new IllegalStateException(call.symbol + " was called with the wrong arguments", e);
    }

    void check(Call call, int code) {
        if (code != 0) {
            throw failure(call.symbol, code);
        }
    }

    private UncheckedIOException failure(String call, int code) {
        return new UncheckedIOException(new IOException(call + " failed: " + text(code)));
    }

    /** What a code means: {@code CUDA_ERROR_NO_DEVICE (100), no CUDA-capable device is detected}. */
    String text(int code) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
            return text(Call.ERROR_NAME, code, out, "error") + " (" + code + "), " + text(Call.ERROR_STRING, code, out, "unknown");
        }
    }

    private String text(Call call, int code, MemorySegment out, String otherwise) {
        out.set(ValueLayout.JAVA_LONG, 0, 0);
        int known = result(call, code, out.address());
        long address = out.get(ValueLayout.JAVA_LONG, 0);
        return known != 0 || address == 0 ? otherwise : NativeMemory.at(address, LONGEST_TEXT).getString(0);
    }
}
