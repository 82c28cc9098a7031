// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.ort.OrtExecutor;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.Model;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.Sample;
import io.github.depthc.passes.builtin.allocate.Rehearsal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is measured layer by layer is what the whole model does when it is served. */
class RehearsalTest {
    private static final int CONTINUATION = 20;

    @TempDir
    private Path folder;

    private static List<Sample> samples() {
        var random = new Random(3);
        var samples = new ArrayList<Sample>();
        for (int n : new int[] {70, 90, 55}) {
            samples.add(Sample.of(random.longs(n, 3, 512).toArray()));
        }
        return samples;
    }

    private static PassContext context() {
        List<Sample> samples = samples();
        return PassContext.builder().executor(new OrtExecutor(OrtOptions.DEFAULT.withThreads(2))).calibration(() -> samples).build();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "select-layers{layers=[1,2,3]},schedule{kind=constant, ratio=0.4},convert-to-mod{kv=keep},route-by-recency",
        "select-layers{layers=[0,2,4]},schedule{kind=constant, ratio=0.3},convert-to-mod{kv=drop},route-randomly{seed=5}",
        "select-layers{layers=[2,3]},schedule{kind=constant, ratio=0.5},convert-to-mod{kv=keep},route-by-attention{observers=8, recent=4}",
        "select-layers{layers=[0,2,3]},schedule{kind=constant, ratio=0.5},convert-to-mod{kv=drop},route-by-attention{observers=8, recent=0, earlier=1}",
        "select-layers{layers=[1,3]},schedule{kind=constant, ratio=0.4},convert-to-mod{kv=keep},route-by-update",
        "select-layers{layers=[1,2,3]},schedule{kind=constant, ratio=0.5},convert-to-mod{kv=keep},route-by-importance{observers=8}",
        "select-layers{layers=[1,4]},schedule{kind=constant, ratio=0.0},convert-to-mod{kv=drop}",
    })
    void theLayersOneByOneDoWhatTheEngineDoes(String pipeline) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.STORIES)) {
            Model dense = Importer.load(checkpoint);
            Model routed = Bundles.run(dense, pipeline, context());
            double[] found;
            try (var rehearsal = new Rehearsal(dense, CONTINUATION, context())) {
                assertArrayEquals(new double[3], rehearsal.kl(dense), "the dense model against itself");
                found = rehearsal.kl(routed);
                assertArrayEquals(found, rehearsal.keep(routed), 1e-9);
                assertArrayEquals(found, rehearsal.kl(routed), 1e-9, "from hidden states that were kept");
            }
            try (Engine a = Bundles.engine(Bundles.write(dense, folder.resolve("dense"), false));
                    Engine b = Bundles.engine(Bundles.write(routed, folder.resolve("routed"), false))) {
                List<Sample> samples = samples();
                for (int s = 0; s < samples.size(); s++) {
                    double served = kl(a, b, Arrays.stream(samples.get(s).tokenIds()).mapToInt(Math::toIntExact).toArray());
                    assertTrue(served > 1e-3, "nothing to see: " + served);
                    assertEquals(served, found[s], 1e-5 * Math.max(1, served), "sample " + s);
                }
            }
        }
    }

    /** What is the same up to a layer is not run again. */
    @Test
    void formsThatBeginAlikeShareTheBeginning() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.STORIES)) {
            Model dense = Importer.load(checkpoint);
            try (var rehearsal = new Rehearsal(dense, CONTINUATION, context())) {
                assertEquals(0, rehearsal.layersRun(), "nothing before it is asked for");
                rehearsal.kl(parting(dense, 3));
                assertEquals(7, rehearsal.layersRun(), "all layers of the dense model, and layers 3 and 4");
            }
        }
    }

    /** With room for the hidden states of one place alone, these are of where the last form parted from the dense model. */
    @Test
    void theNextFormStartsWhereTheLastOneParted() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.STORIES)) {
            Model dense = Importer.load(checkpoint);
            try (var rehearsal = new Rehearsal(dense, CONTINUATION, context(), new Rehearsal.Limits(0, 0), () -> { })) {
                var found = new ArrayList<double[]>();
                var run = new ArrayList<Long>();
                for (int layer : new int[] {1, 3, 3, 2}) {
                    found.add(rehearsal.kl(parting(dense, layer)));
                    run.add(rehearsal.layersRun());
                }
                assertEquals(List.of(5L + 5, 10L + 4, 14L + 2, 16L + 5), run, "from the first layer, from layer 1, from layer 3, from the first again");
                assertArrayEquals(found.get(1), found.get(2), 0);
                try (var roomy = new Rehearsal(dense, CONTINUATION, context())) {
                    assertArrayEquals(found.get(3), roomy.kl(parting(dense, 2)), 1e-9);
                    assertArrayEquals(found.get(1), roomy.kl(parting(dense, 3)), 1e-9);
                }
            }
        }
    }

    private static Model parting(Model dense, int layer) {
        return Bundles.run(dense, "select-layers{layers=[" + layer + "]},schedule{kind=constant, ratio=0.4},convert-to-mod");
    }

    private static double kl(Engine dense, Engine routed, int[] tokens) {
        int[] prompt = Arrays.copyOf(tokens, tokens.length - CONTINUATION);
        double sum = 0;
        try (Slot a = dense.open(); Slot b = routed.open()) {
            StepOutput ofA = a.prefill(PromptInput.of(prompt));
            StepOutput ofB = b.prefill(PromptInput.of(prompt));
            for (int i = 0; i < CONTINUATION; i++) {
                double[] p = logProbabilities(ofA);
                double[] q = logProbabilities(ofB);
                for (int t = 0; t < p.length; t++) {
                    sum += Math.exp(p[t]) * (p[t] - q[t]);
                }
                int[] token = {tokens[prompt.length + i]};
                ofA = dense.step(List.of(a), token);
                ofB = routed.step(List.of(b), token);
            }
        }
        return sum / CONTINUATION;
    }

    private static double[] logProbabilities(StepOutput logits) {
        float[] row = logits.row(0);
        double sum = 0;
        for (float x : row) {
            sum += Math.exp(x);
        }
        double shift = Math.log(sum);
        var out = new double[row.length];
        Arrays.setAll(out, i -> row[i] - shift);
        return out;
    }
}
