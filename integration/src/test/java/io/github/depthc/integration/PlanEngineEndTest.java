// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.plan.Device;
import io.github.depthc.backend.plan.DeviceMemory;
import io.github.depthc.backend.plan.PlanEngine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.tensorrt.HostGpu;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An engine on a device that fails when it frees, as a GPU does after some errors: everything else is freed all the same. */
class PlanEngineEndTest {
    private static final int LAUNCH_FAILED = 719;

    @TempDir
    Path temp;

    private PlanEngine engine(Bundles.Form form, UnaryOperator<Device> around) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.STORIES)) {
            return Bundles.planEngine(Importer.load(checkpoint), temp.resolve("bundle"), form, around);
        }
    }

    /** A prompt and a step, so that there is memory of every kind; the slot stays open. */
    private static void used(PlanEngine engine) {
        Slot slot = engine.open();
        slot.prefill(PromptInput.of(1, 2, 3));
        engine.step(List.of(slot), new int[] {4});
    }

    @Test
    void theDeviceIsClosedAndTheFirstFailureIsThrown() throws IOException {
        var freed = new ArrayList<String>();
        PlanEngine engine = engine(Bundles.Form.PLAN, device -> failing(device, freed));
        used(engine);
        UncheckedIOException first = assertThrows(UncheckedIOException.class, engine::close);
        assertEquals(List.of("memory", "memory", "memory", "memory", "device"), freed);
        assertEquals(List.of("free 1", "free 2", "free 3", "free 4"), Stream.concat(Stream.of(first), Stream.of(first.getSuppressed()).flatMap(PlanEngineEndTest::all))
                .map(e -> e.getCause().getMessage()).toList());
    }

    @Test
    void nothingOfAGpuIsLeft() throws IOException {
        HostGpu gpu = HostGpu.shared();
        PlanEngine engine = engine(Bundles.Form.CUDA, device -> device);
        used(engine);
        gpu.set("fake_broken", LAUNCH_FAILED);
        try {
            assertTrue(assertThrows(UncheckedIOException.class, engine::close).getMessage().contains("failed: CUDA_ERROR_OTHER (719)"));
        } finally {
            gpu.set("fake_broken", 0);
        }
        assertEquals(0, gpu.number("fake_allocated"));
        assertEquals(0, gpu.number("fake_objects"));
    }

    private static Stream<Throwable> all(Throwable e) {
        return Stream.concat(Stream.of(e), Stream.of(e.getSuppressed()));
    }

    private static Device failing(Device device, List<String> freed) {
        return (Device) Proxy.newProxyInstance(Device.class.getClassLoader(), new Class<?>[] {Device.class}, (_, method, arguments) -> {
            Object result;
            try {
                result = method.invoke(device, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
            if (method.getName().equals("close")) {
                freed.add("device");
            }
            return result instanceof DeviceMemory memory ? failing(memory, freed) : result;
        });
    }

    private static DeviceMemory failing(DeviceMemory memory, List<String> freed) {
        return new DeviceMemory() {
            @Override
            public long address() {
                return memory.address();
            }

            @Override
            public long bytes() {
                return memory.bytes();
            }

            @Override
            public void close() {
                memory.close();
                freed.add("memory");
                throw new UncheckedIOException(new IOException("free " + freed.size()));
            }
        };
    }
}
