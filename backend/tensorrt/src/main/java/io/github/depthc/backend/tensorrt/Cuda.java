// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.plan.DeviceMemory;
import io.github.depthc.backend.tensorrt.Driver.Call;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * One GPU: its primary context, which TensorRT uses too, one stream, and what has been allocated on it. Used by one thread at a time, any:
 * {@link #enter} makes the context that thread's.
 */
final class Cuda implements AutoCloseable {
    private static final int NON_BLOCKING = 1;
    private static final int CAPTURE_THREAD_LOCAL = 1;
    private static final long MIB = 1L << 20;

    private final Driver driver;
    private final Gpu gpu;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment out = arena.allocate(2 * Long.BYTES, Long.BYTES);
    private final Set<Allocation> allocations = Collections.newSetFromMap(new IdentityHashMap<>());
    private final List<Handle> handles = new ArrayList<>();
    private final int device;
    private final long context;
    private final long stream;
    private boolean closed;

    /** Something of the driver's that has to be destroyed. */
    private record Handle(Call destroy, long value) {
    }

    private Cuda(Driver driver, Gpu gpu) {
        this.driver = driver;
        this.gpu = gpu;
        this.device = Gpu.device(driver, gpu.index(), out);
        driver.call(Call.RETAIN, out.address(), device);
        this.context = out.get(ValueLayout.JAVA_LONG, 0);
        long made = 0;
        try {
            enter();
            made = made(Call.STREAM, NON_BLOCKING);
        } finally {
            if (made == 0) {
                driver.result(Call.RELEASE, device);
            }
        }
        this.stream = made;
    }

    /** Takes a GPU. */
    static Cuda open(Driver driver, Gpu gpu) {
        return new Cuda(driver, gpu);
    }

    /** Calls a function whose first argument is where to put what it makes. */
    private long made(Call call, long argument) {
        driver.call(call, out.address(), argument);
        return out.get(ValueLayout.JAVA_LONG, 0);
    }

    Gpu gpu() {
        return gpu;
    }

    long stream() {
        return stream;
    }

    /** Makes this GPU the calling thread's. Threads change between calls, and virtual threads change theirs. */
    void enter() {
        driver.call(Call.SET_CONTEXT, context);
    }

    /** Bytes of memory that are free. */
    long freeBytes() {
        driver.call(Call.MEMORY_INFO, out.address(), out.address() + Long.BYTES);
        return out.get(ValueLayout.JAVA_LONG, 0);
    }

    /** Memory; 1 byte at least. */
    DeviceMemory allocate(long bytes) {
        long size = Math.max(1, bytes);
        check(Call.ALLOCATE, driver.result(Call.ALLOCATE, out.address(), size), gib(size) + " were asked for");
        var allocation = new Allocation(out.get(ValueLayout.JAVA_LONG, 0), bytes);
        allocations.add(allocation);
        return allocation;
    }

    /** @param asked what there was no room for */
    private void check(Call call, int code, String asked) {
        if (code == Driver.OUT_OF_MEMORY) {
            throw new UncheckedIOException(new IOException(gpu.name() + ": out of memory: " + asked + ", " + gib(freeBytes()) + " of "
                    + gib(gpu.memoryBytes()) + " are free; lower --max-batch, --max-prompt or the length of the prompts, or end other programs on this GPU"));
        }
        driver.check(call, code);
    }

    private static String gib(long bytes) {
        return String.format(java.util.Locale.ROOT, "%.2f GiB", bytes / (double) (1L << 30));
    }

    private final class Allocation implements DeviceMemory {
        private final long address;
        private final long bytes;

        Allocation(long address, long bytes) {
            this.address = address;
            this.bytes = bytes;
        }

        @Override
        public long address() {
            return address;
        }

        @Override
        public long bytes() {
            return bytes;
        }

        @Override
        public void close() {
            if (allocations.remove(this)) {
                enter();
                // what was started may still use it
                int ended = driver.result(Call.SYNCHRONIZE, stream);
                driver.call(Call.FREE, address);
                driver.check(Call.SYNCHRONIZE, ended);
            }
        }
    }

    /** Memory of this process that is copied from and to without a detour; it lives as long as this does. */
    MemorySegment allocateHost(long bytes) {
        int code = driver.result(Call.ALLOCATE_HOST, out.address(), bytes, 0);
        if (code == Driver.OUT_OF_MEMORY) {
            throw new UncheckedIOException(new IOException(gpu.name() + ": out of memory: " + bytes / MIB + " MiB of this machine's own memory were asked for, which the GPU "
                    + "can read; end other programs, or raise what this process may lock (ulimit -l)"));
        }
        driver.check(Call.ALLOCATE_HOST, code);
        long address = out.get(ValueLayout.JAVA_LONG, 0);
        handles.add(new Handle(Call.FREE_HOST, address));
        return NativeMemory.at(address, bytes);
    }

    void upload(MemorySegment from, long to) {
        driver.call(Call.UPLOAD, to, from.address(), from.byteSize(), stream);
    }

    void download(long from, MemorySegment to) {
        driver.call(Call.DOWNLOAD, to.address(), from, to.byteSize(), stream);
    }

    void copy(long from, long to, long bytes) {
        driver.call(Call.COPY, to, from, bytes, stream);
    }

    /** Sets so many 32-bit words. */
    void fill(long to, int word, long count) {
        driver.call(Call.FILL_32, to, word, count, stream);
    }

    void synchronize() {
        driver.call(Call.SYNCHRONIZE, stream);
    }

    /** Loads compiled kernels; gives the module. */
    long loadModule(MemorySegment cubin) {
        check(Call.LOAD_MODULE, driver.result(Call.LOAD_MODULE, out.address(), cubin.address()), "the kernels, " + cubin.byteSize() / 1024 + " KiB, were to be loaded");
        long module = out.get(ValueLayout.JAVA_LONG, 0);
        handles.add(new Handle(Call.UNLOAD_MODULE, module));
        return module;
    }

    /** A kernel of a module, where it has one of this name. */
    OptionalLong function(long module, String symbol) {
        try (Arena names = Arena.ofConfined()) {
            int code = driver.result(Call.FUNCTION, out.address(), module, names.allocateFrom(symbol).address());
            if (code == Driver.NOT_FOUND) {
                return OptionalLong.empty();
            }
            driver.check(Call.FUNCTION, code);
            return OptionalLong.of(out.get(ValueLayout.JAVA_LONG, 0));
        }
    }

    /** @param parameters addresses of the arguments */
    void launch(long function, int gridX, int gridY, int gridZ, int block, int sharedBytes, MemorySegment parameters, String kernel) {
        driver.launch(function, gridX, gridY, gridZ, block, sharedBytes, stream, parameters.address(), kernel);
    }

    /** Records what is started on the stream while {@code work} runs, which starts nothing really; the result starts it. */
    Runnable capture(Runnable work) {
        driver.call(Call.BEGIN_CAPTURE, stream, CAPTURE_THREAD_LOCAL);
        boolean done = false;
        try {
            work.run();
            done = true;
        } finally {
            if (!done) {
                // the stream must leave the capture, whatever it says about it
                out.set(ValueLayout.JAVA_LONG, 0, 0);
                driver.result(Call.END_CAPTURE, stream, out.address());
                long broken = out.get(ValueLayout.JAVA_LONG, 0);
                if (broken != 0) {
                    driver.result(Call.DESTROY_GRAPH, broken);
                }
            }
        }
        driver.call(Call.END_CAPTURE, stream, out.address());
        long graph = out.get(ValueLayout.JAVA_LONG, 0);
        long executable;
        try {
            check(Call.INSTANTIATE, driver.result(Call.INSTANTIATE, out.address(), graph, 0), "a decode step was to be recorded, how much that takes the driver does not say");
            executable = out.get(ValueLayout.JAVA_LONG, 0);
        } finally {
            driver.call(Call.DESTROY_GRAPH, graph);
        }
        handles.add(new Handle(Call.DESTROY_EXECUTABLE, executable));
        return () -> driver.call(Call.LAUNCH_GRAPH, executable, stream);
    }

    /** Frees everything; what the driver says about it does not matter any more, since the context goes too. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        driver.result(Call.SET_CONTEXT, context);
        driver.result(Call.SYNCHRONIZE, stream);
        handles.reversed().forEach(h -> driver.result(h.destroy(), h.value()));
        allocations.forEach(a -> driver.result(Call.FREE, a.address));
        allocations.clear();
        driver.result(Call.DESTROY_STREAM, stream);
        driver.result(Call.RELEASE, device);
        arena.close();
    }
}
