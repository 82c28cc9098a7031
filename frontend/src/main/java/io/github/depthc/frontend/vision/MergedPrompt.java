// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.vision;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A prompt of text and images as a decoder takes it: embeddings, the images' tokens in the place of the token that stands for each.
 *
 * @param embeddings {@code [tokens, hidden]}
 * @param layout     where each token comes from
 */
public record MergedPrompt(float[] embeddings, MergedLayout layout) {
    /** Embeds text. */
    @FunctionalInterface
    public interface Embedding {
        /** {@code [ids, hidden]} of token ids. */
        float[] of(int[] ids);
    }

    /**
     * An image that the vision graph has seen.
     *
     * @param features {@code [pieces · positions, hidden]}
     * @param across   pieces from left to right, 0 where the image is one piece alone
     * @param down     pieces from top to bottom
     * @param width    of the image in pixels, before anything was done with it
     * @param height   likewise
     */
    public record Image(float[] features, int across, int down, int width, int height) {
    }

    /** Number of tokens. */
    public int tokens() {
        return layout.tokens();
    }

    /**
     * Puts text and images together.
     *
     * @param ids     of the prompt, each image's place held by one id
     * @param newline the learned token at the end of a row, where the checkpoint has one
     * @param hidden  width of the embeddings
     * @throws io.github.depthc.ir.InputException if there are not as many images as places for them
     */
    public static MergedPrompt of(LlavaSettings settings, int[] ids, List<Image> images, Optional<float[]> newline, int hidden, Embedding text) {
        List<ImageLayout> layouts = images.stream().map(i -> layout(settings, i, hidden)).toList();
        MergedLayout layout = MergedLayout.of(settings, ids, layouts);
        int all = layout.tokens() + layout.cut();
        float[] words = text.of(Arrays.stream(ids).filter(id -> id != settings.placeholder()).toArray());
        float[] merged = new float[all * hidden];
        int at = 0;
        int word = 0;
        int image = 0;
        for (int id : ids) {
            if (id == settings.placeholder()) {
                layouts.get(image).fill(images.get(image).features(), newline.orElse(null), hidden, merged, at);
                at += layouts.get(image++).size() * hidden;
            } else {
                System.arraycopy(words, word++ * hidden, merged, at, hidden);
                at += hidden;
            }
        }
        return new MergedPrompt(layout.cut() == 0 ? merged : Arrays.copyOf(merged, layout.tokens() * hidden), layout);
    }

    private static ImageLayout layout(LlavaSettings settings, Image image, int hidden) {
        int pieces = 1 + image.across * image.down;
        int expected = pieces * settings.tower().positions() * hidden;
        if (image.features.length != expected) {
            throw new IllegalArgumentException("an image of " + pieces + " pieces has " + image.features.length + " feature elements, expected " + expected);
        }
        return ImageLayout.of(settings, image.across, image.down, image.width, image.height);
    }
}
