// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.bundle.WeightsVariant;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.weight.WeightExpr.Quantized.Scales;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

final class WeightsOptionsTest {
    private static final long GIB = 1L << 30;

    private static WeightsOptions options(String... args) {
        var holder = new Holder();
        new CommandLine(holder).setCaseInsensitiveEnumValuesAllowed(true).parseArgs(args);
        return holder.weights;
    }

    private static final Optional<DType> CPU = Optional.empty();

    @CommandLine.Command
    private static final class Holder {
        @CommandLine.Mixin
        private WeightsOptions weights = new WeightsOptions();
    }

    @Test
    void weightsThatDoNotFitAreQuantizedAndItIsSaid() {
        WeightsOptions.Choice choice = options().choose(81 * GIB, 100 * GIB, false, false, CPU);
        assertEquals(8, choice.quantize().orElseThrow().bits());
        assertTrue(choice.remarks().getFirst().startsWith("Weights go into 8 bits: in F32 they would take "), choice.remarks().toString());
    }

    @Test
    void othersAreNot() {
        var untouched = new WeightsOptions.Choice(WeightsVariant.AUTO, Optional.empty(), List.of());
        for (boolean portable : new boolean[] {false, true}) {
            for (boolean pipeline : new boolean[] {false, true}) {
                assertEquals(untouched, options().choose(79 * GIB, 100 * GIB, portable, pipeline, CPU));
                assertEquals(new WeightsOptions.Choice(WeightsVariant.FP32, Optional.empty(), List.of()),
                        options("--weights", "fp32").choose(81 * GIB, 100 * GIB, portable, pipeline, CPU));
            }
        }
    }

    @Test
    void whereAutoCannotQuantizeItSaysSo() {
        WeightsOptions.Choice portable = options().choose(81 * GIB, 100 * GIB, true, false, CPU);
        assertTrue(portable.quantize().isEmpty());
        assertTrue(portable.remarks().getFirst().matches("In F32 the weights take 81.* of the 100.* and --weights auto puts none into 8 bits with --portable: .*"), portable.remarks().toString());
        WeightsOptions.Choice pipeline = options().choose(81 * GIB, 100 * GIB, false, true, CPU);
        assertTrue(pipeline.quantize().isEmpty());
        assertTrue(pipeline.remarks().getFirst().contains("with --pipeline, which says itself what is quantized"), pipeline.remarks().toString());
        WeightsOptions.Choice gpu = options().choose(81 * GIB, 100 * GIB, false, false, Optional.of(DType.BF16));
        assertTrue(gpu.quantize().isEmpty());
        assertTrue(gpu.remarks().getFirst().contains("with --target tensorrt, whose part would have them too"), gpu.remarks().toString());
    }

    @Test
    void whatIsAskedForIsDone() {
        WeightsOptions.Choice choice = options("--weights", "int4", "--weights-block", "128", "--keep-weights", "a*", "--keep-weights", "b").choose(1, 100, false, false, CPU);
        assertEquals("Options[bits=4, block=128, only=[], except=[a*, b], measure=true, scales=EITHER_SIGN]", choice.quantize().orElseThrow().toString());
        assertTrue(choice.remarks().isEmpty());
    }

    /** Positive scales of the GPU's type; blocks that TensorRT's documentation has, or a word about others. */
    @Test
    void enginesHaveScalesAndBlocksOfTheirOwn() {
        Optional<DType> gpu = Optional.of(DType.F16);
        WeightsOptions.Choice four = options("--weights", "int4").choose(1, 100, false, false, gpu);
        assertEquals("Options[bits=4, block=64, only=[], except=[], measure=true, scales=F16]", four.quantize().orElseThrow().toString());
        assertTrue(four.remarks().isEmpty());
        WeightsOptions.Choice small = options("--weights", "int4", "--weights-block", "32").choose(1, 100, false, false, gpu);
        assertEquals(32, small.quantize().orElseThrow().block());
        assertTrue(small.remarks().getFirst().startsWith("TensorRT's documentation has int4 weights in blocks of 64 and 128 alone"), small.remarks().toString());
        WeightsOptions.Choice eight = options("--weights", "int8").choose(1, 100, false, false, gpu);
        assertEquals(32, eight.quantize().orElseThrow().block());
        assertTrue(eight.remarks().isEmpty());
        assertEquals(Scales.F16, eight.quantize().orElseThrow().scales());
    }
}
