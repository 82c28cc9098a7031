// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.plan.Device;
import io.github.depthc.backend.plan.DeviceTensor;
import io.github.depthc.backend.plan.PlanEngine;
import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.integration.Bundles;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Model;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The check of the caches' bytes, on the CPU's plan and on the stand-in for a GPU. */
class KvBytesTest {
    private static final Path STORIES = Path.of(System.getProperty("depthc.root"), "samples/checkpoints/stories260k");
    private static final int ENTRY = 2 * 4 * 8 * Float.BYTES;
    private static final PromptInput PROMPT = PromptInput.of(IntStream.range(1, 41).toArray()).withCandidates(CandidateTokens.range(2, 38));

    @TempDir
    private Path temp;

    private KvBytes of(Bundles.Form form, UnaryOperator<Device> around) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(STORIES)) {
            Model routed = Bundles.run(Importer.load(checkpoint), "select-layers{layers=[1,3]},schedule{kind=constant, ratio=0.5},convert-to-mod,route-by-recency");
            try (PlanEngine engine = Bundles.planEngine(routed, temp.resolve("bundle"), form, around)) {
                return KvBytes.of(engine, PROMPT);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"PLAN", "CUDA"})
    void theDeviceCountsWhatThePlanPredicts(Bundles.Form form) throws IOException {
        KvBytes kv = of(form, device -> device);
        assertEquals((3 * 40 + 2 * 22) * ENTRY, kv.used());
        assertEquals(kv.used(), kv.predicted());
        assertEquals(5 * 40 * ENTRY, kv.dense());
        assertTrue(kv.reserved() >= kv.used() && kv.reserved() <= kv.most(), kv.toString());
    }

    /** However many entries are there when a cache grows: what was said to be needed before is not exceeded. */
    @ParameterizedTest
    @ValueSource(ints = {1, 40, 63, 64})
    void cachesThatGrowStayWithinWhatWasSaid(int prompt) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(STORIES); PlanEngine engine = Bundles.planEngine(Importer.load(checkpoint), temp.resolve("dense"), Bundles.Form.PLAN, device -> device);
                Slot slot = engine.open()) {
            slot.prefill(PromptInput.of(IntStream.rangeClosed(1, prompt).toArray()));
            long before = slot.kvBytesReserved();
            assertTrue(before <= engine.kvBytesReserved(List.of(slot.cacheLengths())), before + " bytes");
            for (int step = 0; step < 200; step++) {
                engine.step(List.of(slot), new int[] {step});
                long most = engine.kvBytesReserved(List.of(slot.cacheLengths()));
                assertTrue(slot.kvBytesReserved() <= most, slot.kvBytesReserved() + " bytes at " + slot.length() + ", expected at most " + most);
            }
            assertTrue(slot.kvBytesReserved() > before && slot.kvBytesReserved() >= slot.kvBytesUsed());
            assertEquals(slot.kvBytesUsed(), engine.kvBytes(slot.cacheLengths()));
        }
    }

    /** The host knows nothing of it: its own lengths are those that it predicted. */
    @ParameterizedTest
    @EnumSource(names = {"PLAN", "CUDA"})
    void aDeviceThatKeepsAnotherNumberIsFound(Bundles.Form form) throws IOException {
        KvBytes kv = of(form, KvBytesTest::keepingOneMore);
        assertEquals((3 * 40 + 2 * 22) * ENTRY, kv.predicted());
        assertEquals((3 * 40 + 2 * 23) * ENTRY, kv.used());
    }

    /** A device whose selections keep the first token too that they should skip. */
    private static Device keepingOneMore(Device device) {
        return (Device) Proxy.newProxyInstance(Device.class.getClassLoader(), new Class<?>[] {Device.class}, (_, method, arguments) -> {
            // places have room for all tokens: those of indices and of computed rows may hold one more
            int larger = method.getName().equals("compact") ? 3 : method.getName().startsWith("combine") ? 2 : -1;
            if (larger >= 0) {
                var kept = (DeviceTensor) arguments[larger];
                arguments[larger] = new DeviceTensor(kept.address(), kept.dtype(), kept.rows() + 1, kept.width());
            }
            Object result;
            try {
                result = method.invoke(device, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
            if (method.getName().equals("select")) {
                keepOneMore(device, (DeviceTensor) arguments[5], (DeviceTensor) arguments[6]);
            }
            return result;
        });
    }

    private static void keepOneMore(Device device, DeviceTensor mask, DeviceTensor rowKept) {
        assertEquals(DType.U8, mask.dtype());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment flags = arena.allocate(mask.bytes());
            MemorySegment count = arena.allocate(rowKept.bytes(), Integer.BYTES);
            device.download(mask, flags);
            device.download(rowKept, count);
            long skipped = IntStream.range(0, mask.rows()).filter(t -> flags.get(ValueLayout.JAVA_BYTE, t) == 0).findFirst().orElseThrow();
            flags.set(ValueLayout.JAVA_BYTE, skipped, (byte) 1);
            count.set(ValueLayout.JAVA_INT, 0, count.get(ValueLayout.JAVA_INT, 0) + 1);
            device.upload(flags, mask);
            device.upload(count, rowKept);
            device.download(rowKept, count); // the sources may go now
        }
    }
}
