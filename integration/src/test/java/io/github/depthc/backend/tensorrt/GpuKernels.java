// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.kernels.Kernel;
import io.github.depthc.backend.kernels.KernelRunner;
import io.github.depthc.backend.kernels.Launch;
import io.github.depthc.backend.plan.DeviceMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Cases of kernels on a GPU: all of a case's memory is copied there before a launch, guard zones too, and back after it. */
final class GpuKernels implements KernelRunner {
    private static final long ALIGNMENT = 256;

    private final Cuda cuda;
    private final KernelLauncher kernels;
    private DeviceMemory room;

    GpuKernels(Cuda cuda, KernelLauncher kernels) {
        this.cuda = cuda;
        this.kernels = kernels;
    }

    @Override
    public void launch(Kernel kernel, Launch launch, List<MemorySegment> memory, Object... arguments) {
        cuda.enter();
        long bytes = 0;
        for (MemorySegment buffer : memory) {
            bytes += aligned(buffer.byteSize());
        }
        long tables = bytes;
        for (Object argument : arguments) {
            bytes += argument instanceof Addresses(List<MemorySegment> of) ? aligned((long) of.size() * Long.BYTES) : 0;
        }
        reserve(bytes);
        long at = room.address();
        for (MemorySegment buffer : memory) {
            cuda.upload(buffer, at);
            at += aligned(buffer.byteSize());
        }
        try (Arena arena = Arena.ofConfined()) {
            long table = room.address() + tables;
            kernels.of(kernel);
            for (Object argument : arguments) {
                switch (argument) {
                    case null -> kernels.pointer(0);
                    case Integer value -> kernels.integer(value);
                    case Long value -> kernels.wide(value);
                    case Float value -> kernels.real(value);
                    case MemorySegment buffer -> kernels.pointer(onDevice(memory, buffer));
                    case Addresses(List<MemorySegment> of) -> {
                        cuda.upload(arena.allocateFrom(ValueLayout.JAVA_LONG, of.stream().mapToLong(s -> onDevice(memory, s)).toArray()), table);
                        kernels.pointer(table);
                        table += aligned((long) of.size() * Long.BYTES);
                    }
                    default -> throw new IllegalArgumentException("no kernel takes " + argument);
                }
            }
            kernels.launch(launch);
            at = room.address();
            for (MemorySegment buffer : memory) {
                cuda.download(at, buffer);
                at += aligned(buffer.byteSize());
            }
            cuda.synchronize();
        }
    }

    private void reserve(long bytes) {
        if (room == null || room.bytes() < bytes) {
            if (room != null) {
                room.close();
            }
            room = cuda.allocate(2 * bytes);
        }
    }

    private static long aligned(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** Where a part of the case's memory is on the GPU. */
    private long onDevice(List<MemorySegment> memory, MemorySegment part) {
        long at = room.address();
        for (MemorySegment buffer : memory) {
            long offset = part.address() - buffer.address();
            if (offset >= 0 && offset + part.byteSize() <= buffer.byteSize()) {
                return at + offset;
            }
            at += aligned(buffer.byteSize());
        }
        throw new IllegalArgumentException("a buffer that is not of the case");
    }
}
