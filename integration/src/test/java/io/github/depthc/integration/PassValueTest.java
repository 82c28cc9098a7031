// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.bundle.WeightsVariant;
import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.text.Printer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Passes that must not change what a model computes: logits of a prompt and of decode steps before and after, on ONNX Runtime. */
class PassValueTest {
    private static final double TOLERANCE = 1e-5;
    private static final int[] PROMPT = {3, 14, 15, 9, 2, 6, 5, 35, 8, 9, 7, 9, 3, 2, 38, 4};
    private static final int[] DECODE = {11, 7, 40};

    @TempDir
    Path temp;

    /** {@code changes} says that the pass must find something to do in this model, so that the comparison is not of a thing with itself. */
    @ParameterizedTest
    @CsvSource({
        "pmod-cos, cse, true",
        "pmod-cos, dce, false",
        "pmod-cos, fold-constants, false",
        "pmod-cos, fuse-add-norm, true",
        "gamma-arank, cse, true",
        "gamma-arank, dce, false",
        "gamma-arank, fuse-add-norm, true",
        "gemma2, cse, true",
        "gemma2, fuse-add-norm, true",
        "qwen3, cse, true",
        "qwen3, fuse-add-norm, true",
        "phi3_longrope, cse, true",
    })
    void keepsLogits(String golden, String pass, boolean changes) throws IOException {
        Path folder = Repository.MOD_GOLDENS.resolve(golden);
        if (!folder.toFile().isDirectory()) {
            folder = Repository.HF_GOLDENS.resolve(golden);
        }
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            Model layered = Importer.load(checkpoint);
            Model before = Bundles.run(layered, pass.equals("dce") ? "lower-mod,cse" : "lower-mod");
            Model after = Bundles.run(before, pass);
            if (changes) {
                assertTrue(!Printer.print(before).equals(Printer.print(after)), pass + " found nothing to do in " + golden);
            }
            try (Engine a = Bundles.engine(Bundles.write(layered, before, temp.resolve("before"), false, WeightsVariant.AUTO));
                    Engine b = Bundles.engine(Bundles.write(layered, after, temp.resolve("after"), false, WeightsVariant.AUTO));
                    Slot slotA = a.open();
                    Slot slotB = b.open()) {
                PromptInput prompt = PromptInput.of(PROMPT).withCandidates(CandidateTokens.range(2, 14)).withAllLogits();
                compare(golden + " prompt", slotA.prefill(prompt), slotB.prefill(prompt));
                for (int token : DECODE) {
                    compare(golden + " decode", a.step(List.of(slotA), new int[] {token}), b.step(List.of(slotB), new int[] {token}));
                }
            }
        }
    }

    private static void compare(String what, StepOutput expected, StepOutput actual) {
        assertEquals(expected.rows(), actual.rows());
        for (int r = 0; r < expected.rows(); r++) {
            Compare.row(what, expected.row(r), 0, actual, r, TOLERANCE);
        }
    }
}
