// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.ort.OrtComponent;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.ort.TextEmbedding;
import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.vision.ImageLayout;
import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.frontend.vision.MergedLayout;
import io.github.depthc.frontend.vision.MergedPrompt;
import io.github.depthc.frontend.vision.TowerImage;
import io.github.depthc.frontend.vision.TowerImages;
import io.github.depthc.image.ImageFile;
import io.github.depthc.image.ImageLimits;
import io.github.depthc.image.ImageProcessor;
import io.github.depthc.image.ImageSettings;
import io.github.depthc.image.ProcessedImage;
import io.github.depthc.image.RgbImage;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.mod.Routing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

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
     * @param tower   as the tower gets it
     */
    public record Prepared(Path file, RgbImage picture, TowerImage tower, List<String> remarks) {
        /** What the tower gets. */
        ProcessedImage input() {
            return tower.input();
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
            images.add(new Prepared(file, opened.image(), new TowerImage(processor.process(opened.image())), opened.remarks()));
        }
        return new ImageInput(settings, how.mode(), images, (System.nanoTime() - start) / 1e9);
    }

    /** Where the tokens of each image come from. */
    List<ImageLayout> layouts() {
        return images.stream().map(i -> i.tower().layout(settings)).toList();
    }

    /** Where the tokens of a prompt with these images come from. */
    MergedLayout layout(int[] ids) {
        return MergedLayout.of(settings, ids, layouts());
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
            CandidateTokens candidates = given.equals(CandidateTokens.DEFAULT) ? CandidateTokens.ofImages(rule, prompt.layout().candidates()) : given;
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
                    images.forEach(i -> features.add(TowerRun.seen(i.tower(), tower::run)));
                    vision[t] = (System.nanoTime() - start) / 1e9;
                }
            }
        }
        start = System.nanoTime();
        try (TextEmbedding text = TextEmbedding.open(bundle, options)) {
            MergedPrompt merged = TowerRun.merged(settings, ids, features, text, bundle.info().model().hidden());
            return new Seen(merged, load + (System.nanoTime() - start) / 1e9, vision);
        }
    }
}
