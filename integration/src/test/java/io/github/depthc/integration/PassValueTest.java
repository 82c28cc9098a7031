// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import io.github.depthc.backend.runtime.TokenRange;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.Model;
import io.github.depthc.testkit.Script;
import io.github.depthc.testkit.ValueCheck;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Passes that must not change what a model computes, on models of real architectures. */
class PassValueTest {
    private static final int[] PROMPT = {3, 14, 15, 9, 2, 6, 5, 35, 8, 9, 7, 9, 3, 2, 38, 4};
    private static final Script SCRIPT = new Script(List.of(new Script.Prompt(PROMPT, List.of(new TokenRange(2, 14)))),
            List.of(new int[] {11}, new int[] {7}, new int[] {40}));

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
        "gemma2, hoist-gather, true",
        "qwen2_sliding, hoist-gather, true",
        "phi3_longrope, hoist-gather, true",
    })
    void keepsLogits(String golden, String pass, boolean changes) throws IOException {
        Path folder = Repository.MOD_GOLDENS.resolve(golden);
        if (!folder.toFile().isDirectory()) {
            folder = Repository.HF_GOLDENS.resolve(golden);
        }
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            Model before = Bundles.run(Importer.load(checkpoint), pass.equals("dce") ? "lower-mod,cse" : "lower-mod");
            ValueCheck check = new ValueCheck(Bundles.REGISTRY).on(SCRIPT).in(ValueCheck.Form.FAST);
            (changes ? check.changing() : check).preserves(before, pass);
        }
    }
}
