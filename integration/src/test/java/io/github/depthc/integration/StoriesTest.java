// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.backend.ort.OrtExecutor;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Sampler;
import io.github.depthc.backend.runtime.SamplingOptions;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.tokenizer.Tokenizer;
import io.github.depthc.ir.Model;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.Sample;
import io.github.depthc.passes.builtin.arank.Arank;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real checkpoint, whose greedy text and ARank are known. */
class StoriesTest {
    private static final String KNOWN = """
            Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. \
            She wanted to play with it, but it was too high.
            Lily's mom said, "Lily, let's go to the park." Lily was sad and didn't know what to do. She said, "I want to play with your ball, \
            but I can't find it."
            Lily was sad and didn't know what to do. She said, "I'm sorry, Lily. I didn't know what to do."
            Lily didn't want to help her mom, so she""";
    private static final double[] ARANK = {196.75, 195.875, 194.125, 197.25, 192.0};

    @TempDir
    Path temp;

    @Test
    void greedyStoryAndItsArankAreTheKnownOnes() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.STORIES)) {
            Model model = Importer.load(checkpoint);
            long[] story = greedy(model, 200);
            try (Tokenizer tokenizer = Tokenizer.open(Repository.STORIES)) {
                assertEquals(KNOWN, tokenizer.decode(story).strip());
            }
            PassContext context = PassContext.builder().executor(new OrtExecutor(OrtOptions.DEFAULT.withThreads(2)))
                    .calibration(() -> List.of(Sample.of(story))).build();
            Arank.Result ranks = new Arank().compute(model, context);
            for (int l = 0; l < ARANK.length; l++) {
                assertEquals(ARANK[l], ranks.layers().get(l).mean(), 0.3, "layer " + l);
            }
        }
    }

    private long[] greedy(Model model, int tokens) throws IOException {
        var ids = new ArrayList<Long>(List.of(1L));
        var sampler = new Sampler(SamplingOptions.GREEDY);
        try (Engine engine = Bundles.engine(Bundles.write(model, temp.resolve("dense"), false)); Slot slot = engine.open()) {
            StepOutput out = slot.prefill(PromptInput.of(1));
            for (int t = 0; t < tokens; t++) {
                int next = sampler.next(out, 0);
                ids.add((long) next);
                if (t + 1 < tokens) {
                    out = engine.step(List.of(slot), new int[] {next});
                }
            }
        }
        return ids.stream().mapToLong(Long::longValue).toArray();
    }
}
