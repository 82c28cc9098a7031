// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.bundle.WeightsVariant;
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

    @CommandLine.Command
    private static final class Holder {
        @CommandLine.Mixin
        private WeightsOptions weights = new WeightsOptions();
    }

    @Test
    void weightsThatDoNotFitAreQuantizedAndItIsSaid() {
        WeightsOptions.Choice choice = options().choose(81 * GIB, 100 * GIB, false, false);
        assertEquals(8, choice.quantize().orElseThrow().bits());
        assertTrue(choice.remark().orElseThrow().startsWith("Weights go into 8 bits: in F32 they would take "), choice.remark().get());
    }

    @Test
    void othersAreNot() {
        var untouched = new WeightsOptions.Choice(WeightsVariant.AUTO, Optional.empty(), Optional.empty());
        for (boolean portable : new boolean[] {false, true}) {
            for (boolean pipeline : new boolean[] {false, true}) {
                assertEquals(untouched, options().choose(79 * GIB, 100 * GIB, portable, pipeline));
                assertEquals(new WeightsOptions.Choice(WeightsVariant.FP32, Optional.empty(), Optional.empty()),
                        options("--weights", "fp32").choose(81 * GIB, 100 * GIB, portable, pipeline));
            }
        }
    }

    @Test
    void whereAutoCannotQuantizeItSaysSo() {
        WeightsOptions.Choice portable = options().choose(81 * GIB, 100 * GIB, true, false);
        assertTrue(portable.quantize().isEmpty());
        assertTrue(portable.remark().orElseThrow().matches("In F32 the weights take 81.* of the 100.* and --weights auto puts none into 8 bits with --portable: .*"), portable.remark().get());
        WeightsOptions.Choice pipeline = options().choose(81 * GIB, 100 * GIB, false, true);
        assertTrue(pipeline.quantize().isEmpty());
        assertTrue(pipeline.remark().orElseThrow().contains("with --pipeline, which says itself what is quantized"), pipeline.remark().get());
    }

    @Test
    void whatIsAskedForIsDone() {
        WeightsOptions.Choice choice = options("--weights", "int4", "--weights-block", "128", "--keep-weights", "a*", "--keep-weights", "b").choose(1, 100, false, false);
        assertEquals("Options[bits=4, block=128, only=[], except=[a*, b], measure=true]", choice.quantize().orElseThrow().toString());
        assertTrue(choice.remark().isEmpty());
    }
}
