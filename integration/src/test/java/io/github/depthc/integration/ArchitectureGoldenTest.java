// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every architecture against HuggingFace transformers in FP32 ({@code tools/goldens}): prompt and decode logits of rows
 * alone and of uneven rows in one batch, in both forms of the graph.
 */
class ArchitectureGoldenTest {
    private static final double TOLERANCE = 2e-4;
    private static final int PROMPTS = 3;

    @TempDir
    Path temp;

    static Stream<Path> goldens() throws IOException {
        return Files.list(Repository.HF_GOLDENS).filter(Files::isDirectory).sorted().map(Path::getFileName);
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void fastOperators(Path name) throws IOException {
        check(Repository.HF_GOLDENS.resolve(name), Bundles.Form.FAST);
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void standardOperators(Path name) throws IOException {
        check(Repository.HF_GOLDENS.resolve(name), Bundles.Form.STANDARD);
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void segmentsAndKernels(Path name) throws IOException {
        check(Repository.HF_GOLDENS.resolve(name), Bundles.Form.PLAN);
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void segmentsAndCudaKernels(Path name) throws IOException {
        check(Repository.HF_GOLDENS.resolve(name), Bundles.Form.CUDA);
    }

    private void check(Path folder, Bundles.Form form) throws IOException {
        try (Golden golden = Golden.open(folder);
                Checkpoint checkpoint = Checkpoint.open(folder);
                Engine engine = Bundles.engine(Importer.load(checkpoint), temp.resolve("bundle"), form)) {
            for (int p = 0; p < PROMPTS; p++) {
                alone(golden, engine, p);
            }
            batch(golden, engine);
        }
    }

    private static void alone(Golden golden, Engine engine, int p) {
        try (Slot slot = engine.open()) {
            StepOutput prompt = slot.prefill(PromptInput.of(golden.ints("p" + p + ".ids")).withAllLogits());
            Compare.rows("prompt " + p, golden.floats("p" + p + ".logits"), prompt, TOLERANCE);
            int[] decode = golden.ints("p" + p + ".decode_ids");
            float[] expected = golden.floats("p" + p + ".decode_logits");
            for (int t = 0; t < decode.length; t++) {
                StepOutput step = engine.step(List.of(slot), new int[] {decode[t]});
                Compare.row("prompt " + p + ", decode step " + t, expected, t, step, 0, TOLERANCE);
            }
        }
    }

    private static void batch(Golden golden, Engine engine) {
        var slots = new ArrayList<Slot>();
        var prompts = new ArrayList<PromptInput>();
        for (int p = 0; p < PROMPTS; p++) {
            slots.add(engine.open());
            prompts.add(PromptInput.of(golden.ints("p" + p + ".ids")));
        }
        StepOutput prompt = engine.prefill(slots, prompts);
        for (int p = 0; p < PROMPTS; p++) {
            Compare.row("prompt " + p + " in a batch", golden.floats("p" + p + ".logits"), golden.ints("p" + p + ".ids").length - 1, prompt, p,
                    TOLERANCE);
        }
        int steps = golden.ints("p0.decode_ids").length;
        for (int t = 0; t < steps; t++) {
            int[] tokens = new int[PROMPTS];
            for (int p = 0; p < PROMPTS; p++) {
                tokens[p] = golden.ints("p" + p + ".decode_ids")[t];
            }
            StepOutput step = engine.step(slots, tokens);
            for (int p = 0; p < PROMPTS; p++) {
                Compare.row("prompt " + p + " in a batch, decode step " + t, golden.floats("p" + p + ".decode_logits"), t, step, p, TOLERANCE);
            }
        }
        slots.forEach(Slot::close);
    }
}
