// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.SourceText;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.HostTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class OrtExecutorTest {
    private static final float[] W = {1, -2, 0.5f, 4, 3, -1};

    private final OrtExecutor executor = new OrtExecutor(OrtOptions.DEFAULT);

    private static Region region(String text) {
        return Parser.region(new SourceText("test", text), BuiltinOps.SET);
    }

    // All elements of W are exact in 16 bits.
    private static WeightStore store(DType dtype) {
        MemorySegment bytes = Arena.ofAuto().allocate((long) W.length * dtype.bytes());
        for (int i = 0; i < W.length; i++) {
            switch (dtype) {
                case F32 -> bytes.setAtIndex(ValueLayout.JAVA_FLOAT, i, W[i]);
                case BF16 -> bytes.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits(W[i]) >> 16));
                case F16 -> bytes.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(W[i]));
                default -> throw new IllegalArgumentException();
            }
        }
        return w -> new WeightStore.Extent(Path.of("none"), 0, bytes.asReadOnly());
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F16"})
    void weightsOfAnyType(DType dtype) {
        linear(executor, dtype);
    }

    @Test
    void weightsTooLargeForMemoryGoThroughAFile() {
        linear(new OrtExecutor(OrtOptions.DEFAULT, 20), DType.F32);
        linear(new OrtExecutor(OrtOptions.DEFAULT, 20), DType.BF16);
    }

    // Another weight of 12 bytes stays in memory beside the one of 24.
    private static void linear(OrtExecutor executor, DType dtype) {
        Region graph = region("""
                graph(%x: f32[n, 3]) {
                  %w = weight @checkpoint:"w" : T[2, 3]
                  %n = weight slice(@checkpoint:"w" : T[2, 3], axis=0, begin=0, end=1) : T[1, 3]
                  %m = linear(%x, %n) : f32[n, 1]
                  %y = linear(%x, %w) : f32[n, 2]
                  %z = softmax(%y) : f32[n, 2]
                  yield %y, %z, %m
                }
                """.replace("T[", dtype.text() + "["));
        try (Executor.Program program = executor.compile(graph, store(dtype))) {
            for (int round = 0; round < 2; round++) {
                List<HostTensor> out = program.run(Map.of("x", HostTensor.of(new float[] {1, 2, 3, 0, 1, -1}, 2, 3)));
                assertEquals(3, out.size());
                assertArrayEquals(new float[] {-1.5f, -2.5f}, out.get(2).floats(), 1e-6f);
                assertArrayEquals(new long[] {2, 2}, out.getFirst().shape());
                assertArrayEquals(new float[] {-1.5f, 7, -2.5f, 4}, out.getFirst().floats(), 1e-6f);
                assertEquals(1, out.get(1).floats()[0] + out.get(1).floats()[1], 1e-6);
            }
            assertArrayEquals(new float[0], program.run(Map.of("x", HostTensor.zeros(DType.F32, 0, 3))).getFirst().floats());
        }
    }

    @Test
    void missingAndMisshapenInputs() {
        Region graph = region("""
                graph(%x: f32[n, 3]) {
                  %y = silu(%x) : f32[n, 3]
                  yield %y
                }
                """);
        try (Executor.Program program = executor.compile(graph, WeightStore.EMPTY)) {
            var missing = assertThrows(IllegalArgumentException.class, () -> program.run(Map.of()));
            assertTrue(missing.getMessage().contains("the input x is missing"), missing.getMessage());
            var shape = assertThrows(IllegalArgumentException.class, () -> program.run(Map.of("x", HostTensor.zeros(DType.F32, 2, 4))));
            assertTrue(shape.getMessage().contains("[2, 4], expected F32[-1, 3]"), shape.getMessage());
            assertThrows(IllegalArgumentException.class, () -> program.run(Map.of("x", HostTensor.zeros(DType.I64, 2, 3))));
        }
    }

    @Test
    void attentionWithoutACacheIsCausalWithinEachRow() {
        Region graph = region("""
                graph(%q: f32[tokens, 2], %v: f32[tokens, 2], %rows: rows[tokens]) {
                  %a = attention{heads=1, kvHeads=1, headDim=2, scale=1.0, softcap=0.0, window=0}(%q, %q, %v, %rows, %rows) : f32[tokens, 2]
                  yield %a
                }
                """);
        try (Executor.Program program = executor.compile(graph, WeightStore.EMPTY)) {
            // All queries and keys are zero: each token gets the mean of the values so far in its row.
            List<HostTensor> out = program.run(Map.of("q", HostTensor.zeros(DType.F32, 5, 2), "v",
                    HostTensor.of(new float[] {1, 10, 2, 20, 3, 30, 4, 40, 6, 60}, 5, 2), "row_lengths", HostTensor.of(3, 2), "row_starts",
                    HostTensor.of(0, 0)));
            assertArrayEquals(new float[] {1, 10, 1.5f, 15, 2, 20, 4, 40, 5, 50}, out.getFirst().floats(), 1e-5f);
        }
    }

    @Test
    void closedTwiceIsClosed() {
        Executor.Program program = executor.compile(region("graph(%x: f32[n, 3]) {\n  %y = silu(%x) : f32[n, 3]\n  yield %y\n}\n"), WeightStore.EMPTY);
        program.close();
        program.close();
    }
}
