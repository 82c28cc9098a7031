// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Sampler;
import io.github.depthc.backend.runtime.SamplingOptions;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.frontend.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Texts of the distribution that a model was trained on: sampled from it at temperature 1, one JSON line each with its seed, the
 * very texts of {@code depthc run BUNDLE --input-ids 1 --temperature 1 --seed SEED}. Arguments: dense bundle, first seed, texts,
 * tokens of each, file.
 */
public final class SampleStories {
    private static final int BOS = 1;

    private SampleStories() {
    }

    /** Writes the texts. */
    public static void main(String[] args) throws IOException {
        write(Path.of(args[0]), Integer.parseInt(args[1]), Integer.parseInt(args[2]), Integer.parseInt(args[3]), Path.of(args[4]));
    }

    /** Writes texts of so many tokens. */
    static void write(Path bundle, int firstSeed, int texts, int tokens, Path file) throws IOException {
        var json = new ObjectMapper();
        var lines = new ArrayList<String>();
        try (Engine engine = OrtEngine.open(Bundle.open(bundle), OrtOptions.DEFAULT); Tokenizer tokenizer = Tokenizer.open(bundle)) {
            for (int seed = firstSeed; seed < firstSeed + texts; seed++) {
                lines.add(json.writeValueAsString(json.createObjectNode().put("seed", seed).put("text", tokenizer.decode(sample(engine, seed, tokens)))));
            }
        }
        Files.write(file, lines);
    }

    private static long[] sample(Engine engine, int seed, int tokens) {
        var sampler = new Sampler(new SamplingOptions(1, 1, seed));
        var ids = new long[tokens];
        try (Slot slot = engine.open()) {
            StepOutput output = slot.prefill(PromptInput.of(BOS));
            for (int i = 0; i < tokens; i++) {
                int id = sampler.next(output, 0);
                ids[i] = id;
                if (i + 1 < tokens) {
                    output = engine.step(List.of(slot), new int[] {id});
                }
            }
        }
        return ids;
    }
}
