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
        WeightsOptions.Choice choice = options().choose(81 * GIB, 100 * GIB, false, true);
        assertEquals(8, choice.quantize().orElseThrow().bits());
        assertTrue(choice.remark().orElseThrow().startsWith("Weights go into 8 bits: in F32 they would take "), choice.remark().get());
    }

    @Test
    void othersAreNot() {
        var untouched = new WeightsOptions.Choice(WeightsVariant.AUTO, Optional.empty(), Optional.empty());
        assertEquals(untouched, options().choose(79 * GIB, 100 * GIB, false, true));
        assertEquals(untouched, options().choose(81 * GIB, 100 * GIB, true, true));
        assertEquals(untouched, options().choose(81 * GIB, 100 * GIB, false, false));
        assertEquals(WeightsVariant.FP32, options("--weights", "fp32").choose(81 * GIB, 100 * GIB, false, true).variant());
        assertTrue(options("--weights", "fp32").choose(81 * GIB, 100 * GIB, false, true).quantize().isEmpty());
    }

    @Test
    void whatIsAskedForIsDone() {
        WeightsOptions.Choice choice = options("--weights", "int4", "--weights-block", "128", "--keep-weights", "a*", "--keep-weights", "b").choose(1, 100, false, true);
        assertEquals("Options[bits=4, block=128, only=[], except=[a*, b], measure=true]", choice.quantize().orElseThrow().toString());
        assertTrue(choice.remark().isEmpty());
    }
}
