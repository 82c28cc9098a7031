// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.kernels.Kernel;
import io.github.depthc.backend.kernels.Size;
import io.github.depthc.backend.kernels.Sizes;
import io.github.depthc.backend.plan.Device;
import io.github.depthc.backend.plan.DeviceMemory;
import io.github.depthc.backend.plan.DeviceTensor;
import io.github.depthc.backend.runtime.EngineLimits;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The device's own work: copies, memory, recordings, failures. What its kernels get is compared by the goldens. */
final class CudaDeviceTest {
    private HostGpu gpu;
    private Device device;

    @BeforeEach
    void open() throws IOException {
        gpu = HostGpu.shared();
        device = gpu.device(null, WeightStore.EMPTY, EngineLimits.NONE);
    }

    @AfterEach
    void nothingIsLeft() {
        device.close();
        assertEquals(0, gpu.number("fake_allocated"));
        assertEquals(0, gpu.number("fake_objects"));
    }

    private static DeviceTensor bytes(DeviceMemory memory) {
        return new DeviceTensor(memory.address(), DType.U8, Math.toIntExact(memory.bytes()), 1);
    }

    /** Their kernels may take other arguments. */
    @Test
    void kernelsOfAnotherVersionAreRefused() {
        gpu.set("fake_older", 1);
        try {
            String message = assertThrows(InputException.class, () -> gpu.device(null, WeightStore.EMPTY, EngineLimits.NONE)).getMessage();
            assertTrue(message.contains("its kernels are of another version of depthc (there is no kernels_") && message.endsWith("convert the model again"), message);
        } finally {
            gpu.set("fake_older", 0);
        }
    }

    @Test
    void copiesOfEverySizeComeBackAsTheyWere() {
        var random = new Random(1);
        for (int size : new int[] {1, 63, 4096, (int) Staging.BYTES, (int) Staging.BYTES + 1, 3 * (int) Staging.BYTES}) {
            byte[] content = new byte[size];
            random.nextBytes(content);
            try (DeviceMemory memory = device.allocate(size); Arena arena = Arena.ofConfined()) {
                MemorySegment back = arena.allocate(size);
                device.upload(arena.allocateFrom(ValueLayout.JAVA_BYTE, content), bytes(memory));
                device.download(bytes(memory), back);
                assertArrayEquals(content, back.toArray(ValueLayout.JAVA_BYTE));
            }
        }
    }

    /** Small copies that together are more than the pinned memory. */
    @Test
    void manyCopiesBeforeAWait() {
        int size = 1 << 20;
        try (DeviceMemory memory = device.allocate(20L * size); Arena arena = Arena.ofConfined()) {
            for (int i = 0; i < 20; i++) {
                device.upload(arena.allocate(size).fill((byte) i), new DeviceTensor(memory.address() + (long) i * size, DType.U8, size, 1));
            }
            MemorySegment back = arena.allocate(20L * size);
            device.download(bytes(memory), back);
            for (int i = 0; i < 20; i++) {
                assertEquals((byte) i, back.get(ValueLayout.JAVA_BYTE, (i + 1L) * size - 1));
            }
        }
    }

    @Test
    void outOfMemorySaysHowMuchAndWhatToLower() {
        gpu.memory(64 << 20);
        try {
            String message = assertThrows(UncheckedIOException.class, () -> device.allocate(1L << 30)).getMessage();
            for (String part : new String[] {"Host GPU: out of memory", "1.00 GiB were asked for", "0.06 GiB of 1.00 GiB are free", "--max-batch", "--max-prompt"}) {
                assertTrue(message.contains(part), message);
            }
        } finally {
            gpu.memory(1L << 30);
        }
    }

    /** Pinned memory, kernels and recordings, too. */
    @Test
    void whereThereIsNoRoomElsewhere() throws IOException {
        gpu.set("fake_refuse_host", Staging.BYTES);
        try {
            String message = assertThrows(UncheckedIOException.class, () -> gpu.device(null, WeightStore.EMPTY, EngineLimits.NONE)).getMessage();
            assertTrue(message.contains("Host GPU: out of memory: 8 MiB of this machine's own memory were asked for"), message);
        } finally {
            gpu.set("fake_refuse_host", Long.MAX_VALUE);
        }
        gpu.set("fake_no_room", 1);
        try (DeviceMemory memory = device.allocate(4)) {
            String kernels = assertThrows(UncheckedIOException.class, () -> gpu.device(null, WeightStore.EMPTY, EngineLimits.NONE)).getMessage();
            assertTrue(kernels.contains("Host GPU: out of memory: the kernels, 0 KiB, were to be loaded") && kernels.contains("--max-batch"), kernels);
            String recording = assertThrows(UncheckedIOException.class, () -> device.record(() -> device.fill(new DeviceTensor(memory.address(), DType.F32, 1, 1), 1))).getMessage();
            assertTrue(recording.contains("a decode step was to be recorded") && recording.contains("--max-batch"), recording);
        } finally {
            gpu.set("fake_no_room", 0);
        }
    }

    @Test
    void aFailureNamesCallCodeAndText() {
        String message = assertThrows(UncheckedIOException.class, () -> device.copy(1, 2, 3)).getMessage();
        assertTrue(message.contains("cuMemcpyDtoDAsync_v2 failed: CUDA_ERROR_INVALID_VALUE (1), as the driver says it"), message);
    }

    @Test
    void memoryIsFreedOnceAndEmptyMemoryIsNone() {
        DeviceMemory memory = device.allocate(0);
        assertEquals(0, memory.bytes());
        memory.close();
        memory.close();
        device.copy(0, 0, 0);
    }

    @Test
    void weightsAreLoadedOnceInTheTypeThatIsAskedFor() {
        var weight = WeightExpr.Inline.of(new float[] {1, 2.5f, -3, 4, 5, 6}, 2, 3);
        DeviceTensor f32 = device.weight(weight, DType.F32);
        assertEquals(2, f32.rows());
        assertEquals(3, f32.width());
        assertEquals(f32, device.weight(WeightExpr.Inline.of(new float[] {1, 2.5f, -3, 4, 5, 6}, 2, 3), DType.F32));
        DeviceTensor bf16 = device.weight(weight, DType.BF16);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment back = arena.allocate(12, 2);
            device.download(bf16, back);
            assertArrayEquals(new short[] {0x3f80, 0x4020, (short) 0xc040, 0x4080, 0x40a0, 0x40c0}, back.toArray(ValueLayout.JAVA_SHORT));
        }
    }

    @Test
    void aRecordingRunsOnceAndThenAsOftenAsItIsAsked() {
        try (DeviceMemory memory = device.allocate(12); Arena arena = Arena.ofConfined()) {
            var from = new DeviceTensor(memory.address(), DType.F32, 1, 1);
            var to = new DeviceTensor(memory.address() + 4, DType.F32, 1, 1);
            var table = new DeviceTensor(memory.address() + 8, DType.F32, 1, 1);
            device.fill(from, 1);
            var calls = new AtomicInteger();
            Runnable recorded = device.record(() -> {
                calls.incrementAndGet();
                device.copy(from.address(), to.address(), 4);
                device.fill(from, 7);
                device.narrow(to, table);
            });
            assertEquals(2, calls.get());
            assertEquals(1, value(to, arena), "computed once");
            long launches = gpu.number("fake_launches");
            recorded.run();
            assertEquals(7, value(table, arena));
            assertEquals(launches + 1, gpu.number("fake_launches"));
            assertEquals(2, calls.get());
        }
    }

    private float value(DeviceTensor tensor, Arena arena) {
        MemorySegment back = arena.allocate(ValueLayout.JAVA_FLOAT);
        device.download(tensor, back);
        return back.get(ValueLayout.JAVA_FLOAT, 0);
    }

    /** A recording that fails leaves the stream as it was, and nothing behind. */
    @Test
    void aRecordingThatFails() {
        var calls = new AtomicInteger();
        try (Arena arena = Arena.ofConfined(); DeviceMemory memory = device.allocate(4)) {
            MemorySegment host = arena.allocate(4);
            assertTrue(assertThrows(UncheckedIOException.class, () -> device.record(() -> {
                if (calls.incrementAndGet() == 2) {
                    device.allocate(4);
                }
            })).getMessage().contains("CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED (900)"));
            device.download(bytes(memory), host);
        }
    }

    @Test
    void argumentsAreThoseThatTheKernelDeclares() throws IOException {
        try (Cuda cuda = gpu.cuda()) {
            cuda.enter();
            try (var kernels = gpu.kernels(cuda)) {
                assertThrows(IllegalStateException.class, () -> kernels.of(Kernel.KEEP_IN_PLACE).integer(1));
                assertThrows(IllegalStateException.class, () -> kernels.of(Kernel.KEEP_IN_PLACE).pointer(1).integer(1).launch(Sizes.of(Size.ELEMENTS, 1)));
                assertThrows(IllegalStateException.class, () -> kernels.of(Kernel.KEEP_IN_PLACE).pointer(1).integer(1).pointer(1).pointer(1));
            }
        }
    }

    @Test
    void placesOfTokensThatWereAllComputed() {
        try (DeviceMemory memory = device.allocate(64); Arena arena = Arena.ofConfined()) {
            var mask = new DeviceTensor(memory.address(), DType.U8, 5, 1);
            var inverse = new DeviceTensor(memory.address() + 16, DType.I32, 5, 1);
            device.upload(arena.allocateFrom(ValueLayout.JAVA_BYTE, (byte) 1, (byte) 0, (byte) 0, (byte) 1, (byte) 1), mask);
            device.keepInPlace(mask, inverse);
            MemorySegment back = arena.allocate(20, 4);
            device.download(inverse, back);
            assertArrayEquals(new int[] {0, -1, -1, 3, 4}, back.toArray(ValueLayout.JAVA_INT));
        }
    }

    @Test
    void tablesOfAngles() {
        try (DeviceMemory memory = device.allocate(256); Arena arena = Arena.ofConfined()) {
            var positions = new DeviceTensor(memory.address(), DType.I32, 3, 1);
            var cos = new DeviceTensor(memory.address() + 64, DType.F32, 3, 2);
            var sin = new DeviceTensor(memory.address() + 128, DType.F32, 3, 2);
            device.upload(arena.allocateFrom(ValueLayout.JAVA_INT, 0, 9, 10), positions);
            device.rotaryTable(positions, new float[] {1, 0.5f}, new float[] {0.25f, 0.125f}, 10, 2, cos, sin);
            MemorySegment back = arena.allocate(24, 4);
            device.download(cos, back);
            float[] expected = {2, 2, (float) (2 * Math.cos(9)), (float) (2 * Math.cos(4.5)), (float) (2 * Math.cos(2.5)), (float) (2 * Math.cos(1.25))};
            assertArrayEquals(expected, back.toArray(ValueLayout.JAVA_FLOAT), 1e-6f);
            device.download(sin, back);
            assertEquals((float) (2 * Math.sin(2.5)), back.getAtIndex(ValueLayout.JAVA_FLOAT, 4), 1e-6f);
        }
    }
}
