// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.kernels.Kernel;
import io.github.depthc.backend.kernels.KernelCases;
import io.github.depthc.backend.kernels.KernelRunner;
import io.github.depthc.backend.kernels.Launch;
import io.github.depthc.backend.kernels.Precision;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The GPU's side of the check, with the stand-in for the driver: copies there and back, arguments, recorded repetitions. */
final class GpuBenchTest {
    private HostGpu gpu;
    private GpuBench bench;

    @BeforeEach
    void open() throws IOException {
        gpu = HostGpu.shared();
        Cuda cuda = gpu.cuda();
        cuda.enter();
        bench = new GpuBench(cuda, gpu.kernels(cuda));
    }

    @AfterEach
    void nothingIsLeft() {
        bench.close();
        assertEquals(0, gpu.number("fake_allocated"));
        assertEquals(0, gpu.number("fake_objects"));
    }

    @ParameterizedTest
    @EnumSource
    void casesRunAsOnAGpu(KernelCases cases) {
        cases.run(bench.runner(), Precision.F32);
    }

    /** What a kernel writes beside its result is seen, through the copies. */
    @Test
    void aKernelThatWritesTooMuchIsFound() {
        KernelRunner right = bench.runner();
        KernelRunner wrong = (kernel, launch, memory, arguments) -> {
            right.launch(kernel, launch, memory, arguments);
            if (kernel == Kernel.GATHER) {
                MemorySegment last = memory.getLast();
                last.set(ValueLayout.JAVA_BYTE, last.byteSize() - 1, (byte) 1);
            }
        };
        String message = assertThrows(AssertionError.class, () -> KernelCases.GATHER_BYTES.run(wrong, Precision.F32)).getMessage();
        assertTrue(message.startsWith("something was written outside a buffer of "), message);
    }

    /** A selection that is wrong in one token. */
    @Test
    void aWrongSelectionIsFound() {
        KernelRunner right = bench.runner();
        KernelRunner wrong = (kernel, launch, memory, arguments) -> {
            right.launch(kernel, launch, memory, arguments);
            if (kernel == Kernel.SELECT_TOP_K && launch.block() == 64) {
                var mask = (MemorySegment) arguments[6];
                mask.set(ValueLayout.JAVA_BYTE, mask.byteSize() - 1, (byte) (1 - mask.get(ValueLayout.JAVA_BYTE, mask.byteSize() - 1)));
            }
        };
        assertTrue(assertThrows(AssertionError.class, () -> KernelCases.SELECT_TOP_K.run(wrong, Precision.F32)).getMessage().contains(": differs at byte "));
    }

    @Test
    void routingStepsHaveTimesAndFloors() {
        List<RoutingTimes.Step> steps = bench.routing(Precision.F32, 40, 30, 0.5, 64, 1 << 16, 3);
        assertEquals(List.of("score", "select", "gate", "gather", "gather then norm", "gather norm", "combine", "combine and score", "all of a layer"), steps.stream().map(RoutingTimes.Step::name).toList());
        for (RoutingTimes.Step step : steps) {
            assertEquals(3, step.seconds().size());
            assertTrue(step.seconds().stream().allMatch(s -> s > 0), step.toString());
        }
        // 25 of 40 tokens are kept: read and written, beside their indices
        assertEquals(2L * 25 * 64 * 4 + 4 * 25, steps.get(3).floorBytes());
        // together they need not read the kept rows again
        assertEquals(25L * 64 * 4 + 4 * 25, steps.get(4).floorBytes() - steps.get(5).floorBytes());
    }

    /** Codes and scales are read, rows of the GPU's type written, beside their indices. */
    @Test
    void embeddingsInIntegersHaveTimesAndFloors() {
        RoutingTimes.Step int8 = bench.embedding(Precision.F32, 40, 8, 32, 64, 1 << 16, 3);
        assertEquals("embedding int8", int8.name());
        assertEquals(3, int8.seconds().size());
        assertTrue(int8.seconds().stream().allMatch(s -> s > 0), int8.toString());
        assertEquals(40L * (64 + 2 * 4 + 64 * 4) + 4 * 40, int8.floorBytes());
        RoutingTimes.Step int4 = bench.embedding(Precision.F32, 40, 4, 32, 64, 1 << 16, 3);
        assertEquals("embedding int4", int4.name());
        assertEquals(40L * 64 / 2, int8.floorBytes() - int4.floorBytes());
    }

    @Test
    void copiesAreTimed() {
        assertEquals(2, bench.copyRates(1 << 20, 2).size());
    }

    @Test
    void aBufferOfAnotherCaseIsRefused() {
        KernelRunner runner = bench.runner();
        MemorySegment own = MemorySegment.ofAddress(4096);
        assertThrows(IllegalArgumentException.class, () -> runner.launch(Kernel.NARROW, new Launch(1, 1, 1, 32, 0), List.of(), own, 1L, own));
    }
}
