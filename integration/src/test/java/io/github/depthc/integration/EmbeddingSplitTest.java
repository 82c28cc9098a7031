// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.depthc.backend.bundle.BundleSpec;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtExecutor;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.verify.Verifier;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.builtin.BuiltinPasses;
import io.github.depthc.passes.builtin.lower.EmbeddingSplit;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A model cut behind its embeddings gives the logits of the whole: with scaled embeddings and a tied head (gemma3) too. */
class EmbeddingSplitTest {
    @ParameterizedTest
    @ValueSource(strings = {"llama", "gemma3", "llama_bf16"})
    void bothPartsAreTheWhole(String name) throws IOException {
        try (Golden golden = Golden.open(Repository.HF_GOLDENS.resolve(name)); Checkpoint checkpoint = Checkpoint.open(Repository.HF_GOLDENS.resolve(name))) {
            Model model = Importer.load(checkpoint);
            for (Model whole : List.of(model, Bundles.run(model, BuiltinPasses.LOWERING))) {
                EmbeddingSplit split = EmbeddingSplit.of(whole);
                assertEquals(List.of(), Verifier.check(split.decoder(), BuiltinOps.SET));
                Model lowered = whole == model ? Bundles.run(split.decoder(), BuiltinPasses.LOWERING) : split.decoder();
                try (Executor.Program text = new OrtExecutor(OrtOptions.DEFAULT).compile(split.embedding(), model.weights());
                        Engine engine = OrtEngine.load(BundleSpec.of(lowered).build(), OrtOptions.DEFAULT); Slot slot = engine.open()) {
                    float[] embeddings = text.run(Map.of(GraphNames.TOKEN_IDS, HostTensor.of(golden.longs("p0.ids")))).getFirst().floats();
                    Compare.rows(name, golden.floats("p0.logits"), slot.prefill(PromptInput.ofEmbeddings(embeddings).withAllLogits()), 2e-4);
                }
            }
        }
    }
}
