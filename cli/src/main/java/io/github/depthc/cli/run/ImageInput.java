// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.ort.OrtComponent;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.ort.TextEmbedding;
import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.TokenRange;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.vision.ImageLayout;
import io.github.depthc.frontend.vision.ImageParts;
import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.frontend.vision.MergedPrompt;
import io.github.depthc.frontend.vision.TowerImages;
import io.github.depthc.image.ImageFile;
import io.github.depthc.image.ImageLimits;
import io.github.depthc.image.ImageProcessor;
import io.github.depthc.image.ImageSettings;
import io.github.depthc.image.ProcessedImage;
import io.github.depthc.image.RgbImage;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.api.HostTensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Images that have been opened and prepared for a bundle's vision tower.
 *
 * @param settings what the model's configuration says of images
 * @param mode     what was done with images that are no squares
 * @param images   in the order of the prompt
 * @param seconds  it took
 */
public record ImageInput(LlavaSettings settings, ImageSettings.Mode mode, List<Prepared> images, double seconds) {
    public ImageInput {
        images = List.copyOf(images);
    }

    /**
     * One image.
     *
     * @param picture as it was opened
     * @param input   what the tower gets
     */
    public record Prepared(Path file, RgbImage picture, ProcessedImage input, List<String> remarks) {
        /** This image behind a tower, which gives the outputs of its graph for inputs by name. */
        public MergedPrompt.Image seenBy(Function<Map<String, HostTensor>, List<HostTensor>> tower) {
            HostTensor pixels = HostTensor.of(input.pixels(), input.patches(), 3, input.patch().height(), input.patch().width());
            float[] features = tower.apply(Map.of(ImageParts.PIXELS, pixels)).getFirst().floats();
            return new MergedPrompt.Image(features, across(), down(), input.originalWidth(), input.originalHeight());
        }

        /** Pieces across, 0 where it is one piece alone. */
        int across() {
            return input.patches() == 1 ? 0 : input.gridWidth();
        }

        /** Pieces down, 0 where it is one piece alone. */
        int down() {
            return input.patches() == 1 ? 0 : input.gridHeight();
        }
    }

    /** What a bundle's configuration says of images. */
    public static LlavaSettings settings(Bundle bundle) throws IOException {
        return LlavaSettings.read(bundle.folder()).orElseThrow(() -> new InputException(bundle.folder() + ": has a vision tower, but its " + Checkpoint.CONFIG
                + " does not describe one; convert the model again"));
    }

    /** Opens images; an {@link InputException} names the file that is none. */
    public static ImageInput open(Bundle bundle, LlavaSettings settings, List<Path> files) throws IOException {
        return open(TowerImages.settings(Checkpoint.config(bundle.folder()), settings, bundle.folder()), settings, files);
    }

    /** As {@link #open(Bundle, LlavaSettings, List)}, prepared like this. */
    public static ImageInput open(ImageSettings how, LlavaSettings settings, List<Path> files) throws IOException {
        long start = System.nanoTime();
        var processor = new ImageProcessor(how);
        var images = new ArrayList<Prepared>();
        for (Path file : files) {
            ImageFile opened = ImageFile.open(file, ImageLimits.DEFAULT, how.upright());
            images.add(new Prepared(file, opened.image(), processor.process(opened.image()), opened.remarks()));
        }
        return new ImageInput(settings, how.mode(), images, (System.nanoTime() - start) / 1e9);
    }

    /** Where the tokens of each image come from. */
    List<ImageLayout> layouts() {
        return images.stream().map(i -> ImageLayout.of(settings, i.across(), i.down(), i.input().originalWidth(), i.input().originalHeight())).toList();
    }

    /** Tokens of a prompt with these images, after what the model cuts off. */
    int tokens(int[] ids) {
        int all = MergedPrompt.tokens(settings, ids, layouts());
        return images.isEmpty() ? all : Math.min(all, settings.promptLimit().orElse(all));
    }

    /**
     * A prompt whose images the tower has seen.
     *
     * @param prompt of text and images
     * @param load   seconds to load the tower and the embedding
     * @param vision seconds of tower and projector, each time that they were run
     */
    public record Seen(MergedPrompt prompt, double load, double[] vision) {
        /**
         * What the decoder gets.
         *
         * @param rule  the bundle's rule of which tokens may be skipped
         * @param given by the user
         */
        public PromptInput input(Routing.Candidates rule, CandidateTokens given, boolean allLogits) {
            boolean ownImages = given.equals(CandidateTokens.DEFAULT) && (rule == Routing.Candidates.VISION || rule == Routing.Candidates.GIVEN);
            CandidateTokens candidates = ownImages
                    ? new CandidateTokens.Ranges(MergedPrompt.ranges(prompt.candidates()).stream().map(r -> new TokenRange(r[0], r[1])).toList()) : given;
            return new PromptInput(null, prompt.embeddings(), candidates, allLogits);
        }
    }

    /**
     * Runs the vision tower, which is unloaded again before the decoder is loaded, and puts text and images together.
     *
     * @param times how often the tower is run: once, or more often to measure it
     */
    public Seen see(Bundle bundle, int[] ids, OrtOptions options, int times) throws IOException {
        long start = System.nanoTime();
        var vision = new double[times];
        double load = 0;
        var features = new ArrayList<MergedPrompt.Image>();
        if (!images.isEmpty()) {
            try (OrtComponent tower = OrtComponent.open(bundle, Bundle.VISION, options)) {
                load = (System.nanoTime() - start) / 1e9;
                for (int t = 0; t < times; t++) {
                    start = System.nanoTime();
                    features.clear();
                    images.forEach(i -> features.add(i.seenBy(tower::run)));
                    vision[t] = (System.nanoTime() - start) / 1e9;
                }
            }
        }
        start = System.nanoTime();
        try (TextEmbedding text = TextEmbedding.open(bundle, options)) {
            MergedPrompt merged = MergedPrompt.of(settings, ids, features, text.learned(0), bundle.info().model().hidden(), text::of);
            return new Seen(merged, load + (System.nanoTime() - start) / 1e9, vision);
        }
    }
}
