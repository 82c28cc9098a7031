// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.kernels.Kernel;
import io.github.depthc.backend.kernels.Launch;
import io.github.depthc.backend.kernels.Parameter;
import io.github.depthc.backend.kernels.Sizes;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.SortedMap;
import java.util.stream.Collectors;

/**
 * Launches the kernels of a cubin: {@code of(kernel)}, its arguments in order, {@code launch(sizes)}. There is one buffer for arguments, made once;
 * the driver reads it before a launch returns.
 */
final class KernelLauncher implements AutoCloseable {
    private final Cuda cuda;
    private final Arena arena = Arena.ofShared();
    private final long[] functions = new long[Kernel.values().length];
    private final MemorySegment values;
    private final MemorySegment addresses;
    private Kernel kernel;
    private int count;

    /** @throws InputException if the file lacks a kernel, or its kernels take other arguments: it is of another version */
    KernelLauncher(Cuda cuda, Path cubin) throws IOException {
        this.cuda = cuda;
        int most = 0;
        for (Kernel k : Kernel.values()) {
            most = Math.max(most, k.parameters().size());
        }
        values = arena.allocate((long) most * Long.BYTES, Long.BYTES);
        addresses = arena.allocate((long) most * Long.BYTES, Long.BYTES);
        for (int i = 0; i < most; i++) {
            addresses.setAtIndex(ValueLayout.JAVA_LONG, i, values.address() + (long) i * Long.BYTES);
        }
        try (Arena mapped = Arena.ofConfined(); FileChannel channel = FileChannel.open(cubin, StandardOpenOption.READ)) {
            long module = cuda.loadModule(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), mapped));
            function(module, Kernel.version(), cubin);
            for (Kernel k : Kernel.values()) {
                functions[k.ordinal()] = function(module, k.symbol(), cubin);
            }
        } catch (IOException | RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    private long function(long module, String symbol, Path cubin) {
        return cuda.function(module, symbol).orElseThrow(() -> new InputException(cubin + ": its kernels are of another version of depthc (there is no " + symbol
                + "); convert the model again"));
    }

    /**
     * The file whose kernels run on this GPU: of its own architecture, or of an older one of the same generation.
     *
     * @throws InputException where there is none
     */
    static Path cubinFor(Gpu gpu, SortedMap<Integer, Path> compiled) {
        return compiled.headMap(gpu.architecture() + 1).reversed().entrySet().stream().filter(e -> e.getKey() / 10 == gpu.architecture() / 10)
                .findFirst().orElseThrow(() -> new InputException("the kernels are compiled for the architectures "
                        + compiled.keySet().stream().map(String::valueOf).collect(Collectors.joining(", ")) + ", " + gpu.name() + " is "
                        + gpu.architecture() + "; convert the model again with --gpu-arch " + gpu.architecture())).getValue();
    }

    /** Begins a launch. */
    KernelLauncher of(Kernel which) {
        kernel = which;
        count = 0;
        return this;
    }

    KernelLauncher pointer(long address) {
        values.setAtIndex(ValueLayout.JAVA_LONG, next(Parameter.Type.POINTER), address);
        return this;
    }

    KernelLauncher integer(int value) {
        values.set(ValueLayout.JAVA_INT, (long) next(Parameter.Type.INT) * Long.BYTES, value);
        return this;
    }

    KernelLauncher wide(long value) {
        values.setAtIndex(ValueLayout.JAVA_LONG, next(Parameter.Type.LONG), value);
        return this;
    }

    KernelLauncher real(double value) {
        values.set(ValueLayout.JAVA_FLOAT, (long) next(Parameter.Type.FLOAT) * Long.BYTES, (float) value);
        return this;
    }

    private int next(Parameter.Type type) {
        if (count == kernel.parameters().size() || kernel.parameters().get(count).type() != type) {
            throw new IllegalStateException(kernel.symbol() + " does not take " + type + " as argument " + count);
        }
        return count++;
    }

    void launch(Sizes sizes) {
        launch(kernel.launch(sizes));
    }

    /** Launches otherwise than the kernel would for its sizes. */
    void launch(Launch l) {
        if (count != kernel.parameters().size()) {
            throw new IllegalStateException(kernel.symbol() + " takes " + kernel.parameters().size() + " arguments, given are " + count);
        }
        cuda.launch(functions[kernel.ordinal()], l.gridX(), l.gridY(), l.gridZ(), l.block(), l.sharedBytes(), addresses, kernel.symbol());
    }

    /** Frees the buffers; the driver's module goes with {@link Cuda}. */
    @Override
    public void close() {
        arena.close();
    }
}
