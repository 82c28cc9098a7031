// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleSpec;
import io.github.depthc.backend.bundle.BundleWriter;
import io.github.depthc.backend.bundle.LayerPlan;
import io.github.depthc.backend.bundle.WriteProgress;
import io.github.depthc.backend.ort.OrtComponent;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.ort.TextEmbedding;
import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.Engine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.cli.convert.ImageComponents;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.frontend.vision.ImageParts;
import io.github.depthc.frontend.vision.LlavaCheckpoint;
import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.frontend.vision.MergedPrompt;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.HostTensor;
import io.github.depthc.passes.builtin.BuiltinPasses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** LLaVA checkpoints, images and text in, against the reference implementations ({@code tools/goldens-llava}). */
class LlavaGoldenTest {
    private static final double TOLERANCE = 5e-4;

    @TempDir
    Path temp;

    static Stream<Arguments> goldens() throws IOException {
        try (Stream<Path> folders = Files.list(Repository.LLAVA_GOLDENS)) {
            return folders.map(f -> f.getFileName().toString()).filter(f -> !f.equals("tower")).sorted()
                    .flatMap(f -> Stream.of(Arguments.of(f, false), Arguments.of(f, true))).toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void featuresEmbeddingsMaskLogitsAndTokensAreThoseOfTheReference(String name, boolean portable) throws IOException {
        Path folder = Repository.LLAVA_GOLDENS.resolve(name);
        JsonNode cases = JsonObject.read(folder.resolve("expected.json")).node().path("cases");
        Path towerFolder = Repository.LLAVA_GOLDENS.resolve("tower");
        boolean original = !Files.readString(folder.resolve("config.json")).contains("text_config");
        try (Golden golden = Golden.open(folder); Checkpoint checkpoint = LlavaCheckpoint.open(folder);
                Checkpoint tower = original ? Checkpoint.open(towerFolder) : null) {
            Optional<Checkpoint> given = Optional.ofNullable(tower);
            Model model = Importer.load(checkpoint);
            ImageParts images = Importer.images(checkpoint, model, given).orElseThrow();
            if (original) {
                model = model.withWeights(WeightStore.bySource(Map.of(Checkpoint.SOURCE, checkpoint, ImageParts.TOWER_SOURCE, tower)));
            }
            Bundle bundle = write(model, images, portable);
            try (OrtComponent vision = OrtComponent.open(bundle, Bundle.VISION, OrtOptions.DEFAULT);
                    TextEmbedding text = TextEmbedding.open(bundle, OrtOptions.DEFAULT); Engine engine = Bundles.engine(bundle)) {
                for (JsonNode c : cases) {
                    check(golden, c, images.settings(), vision, text, engine);
                }
            }
        }
    }

    private Bundle write(Model layered, ImageParts images, boolean portable) throws IOException {
        BundleSpec spec = ImageComponents.spec(Bundles.run(layered, BuiltinPasses.LOWERING), Optional.of(images))
                .layers(layered.layers().stream().map(n -> LayerPlan.of((DecoderLayer) n.kind(), Optional.empty())).toList()).portable(portable)
                .toolVersion("test").build();
        BundleWriter.write(spec, temp.resolve("bundle"), false, WriteProgress.NONE);
        return Bundle.open(temp.resolve("bundle"));
    }

    private static void check(Golden golden, JsonNode c, LlavaSettings settings, OrtComponent vision, TextEmbedding text, Engine engine) {
        String name = c.path("case").textValue() + ".";
        int hidden = engine.info().model().hidden();
        int side = settings.tower().imageSize();
        float[] pixels = golden.floats(name + "pixels");
        var images = new ArrayList<MergedPrompt.Image>();
        int from = 0;
        for (int i = 0; i < c.path("image_sizes").size(); i++) {
            int pieces = c.path("patches").get(i).intValue();
            int height = c.path("image_sizes").get(i).get(0).intValue();
            int width = c.path("image_sizes").get(i).get(1).intValue();
            float[] own = Arrays.copyOfRange(pixels, from, from += pieces * 3 * side * side);
            float[] features = vision.run(Map.of(ImageParts.PIXELS, HostTensor.of(own, pieces, 3, side, side))).getFirst().floats();
            JsonNode grid = c.path("grids").get(i);
            images.add(new MergedPrompt.Image(features, grid.get(0).intValue(), grid.get(1).intValue(), width, height));
        }
        MergedPrompt merged = MergedPrompt.of(settings, golden.ints(name + "ids"), images, text.learned(0), hidden, text::of);
        assertEquals(golden.flags(name + "mask").length, merged.tokens(), name + "tokens");
        assertArrayEquals(golden.flags(name + "mask"), merged.layout().candidates(), name + "mask");
        assertArrayEquals(golden.floats(name + "merged"), merged.embeddings(), (float) TOLERANCE, name + "merged");
        int at = 0;
        float[] features = golden.floats(name + "features");
        for (int i = 0; i < merged.tokens(); i++) {
            if (merged.layout().vision()[i]) {
                assertArrayEquals(Arrays.copyOfRange(features, at, at += hidden), Arrays.copyOfRange(merged.embeddings(), i * hidden, (i + 1) * hidden),
                        (float) TOLERANCE, name + "features of token " + i);
            }
        }
        try (Slot slot = engine.open()) {
            StepOutput out = slot.prefill(new PromptInput(null, merged.embeddings(), CandidateTokens.ofImages(engine.info().candidates(), merged.layout().candidates()), true));
            Compare.rows(name + "logits", golden.floats(name + "logits"), out, TOLERANCE);
            int[] expected = golden.ints(name + "greedy");
            int row = out.rows() - 1;
            var tokens = new int[expected.length];
            for (int t = 0; t < expected.length; t++) {
                float[] logits = out.row(row);
                int best = 0;
                for (int v = 1; v < logits.length; v++) {
                    best = logits[v] > logits[best] ? v : best;
                }
                tokens[t] = best;
                out = engine.step(List.of(slot), new int[] {best});
                row = 0;
            }
            assertArrayEquals(expected, tokens, name + "greedy tokens");
        }
    }
}
