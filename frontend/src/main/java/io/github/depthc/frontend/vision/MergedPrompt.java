// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.vision;

import io.github.depthc.ir.Counted;
import io.github.depthc.ir.InputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A prompt of text and images as a decoder takes it: embeddings, the images' tokens in the place of the token that stands for each.
 *
 * @param embeddings {@code [tokens, hidden]}
 * @param vision     true for tokens of images
 * @param candidates true for tokens that layers may skip when the checkpoint says of images which
 * @param places     where in an image each token is from; null for text
 * @param cut        tokens that were cut off on the right
 */
public record MergedPrompt(float[] embeddings, boolean[] vision, boolean[] candidates, List<Place> places, int cut) {
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

    /** A token's image, from 0, and its place in it. */
    public record Place(int image, ImageLayout.Cell cell) {
    }

    /** Number of tokens. */
    public int tokens() {
        return vision.length;
    }

    /**
     * Checks that there is an image for each token that stands for one.
     *
     * @throws InputException with both numbers
     */
    public static void check(LlavaSettings settings, int[] ids, int images) {
        int placeholders = (int) Arrays.stream(ids).filter(id -> id == settings.placeholder()).count();
        if (placeholders != images) {
            throw new InputException("the prompt has " + Counted.of(placeholders, "place") + " for an image (<image>, the token id " + settings.placeholder() + ") and "
                    + Counted.of(images, "image") + (images == 1 ? " is" : " are") + " given, expected one for each");
        }
    }

    /** Tokens of text and images together, before a cut. */
    public static int tokens(LlavaSettings settings, int[] ids, List<ImageLayout> images) {
        return ids.length - images.size() + images.stream().mapToInt(ImageLayout::size).sum();
    }

    /**
     * Puts text and images together.
     *
     * @param ids     of the prompt, each image's place held by one id
     * @param newline the learned token at the end of a row, where the checkpoint has one
     * @param hidden  width of the embeddings
     * @throws InputException if there are not as many images as places for them
     */
    public static MergedPrompt of(LlavaSettings settings, int[] ids, List<Image> images, Optional<float[]> newline, int hidden, Embedding text) {
        check(settings, ids, images.size());
        List<ImageLayout> layouts = images.stream().map(i -> layout(settings, i, hidden)).toList();
        int all = tokens(settings, ids, layouts);
        float[] words = text.of(Arrays.stream(ids).filter(id -> id != settings.placeholder()).toArray());
        float[] merged = new float[all * hidden];
        var places = new ArrayList<Place>(all);
        int word = 0;
        int image = 0;
        for (int id : ids) {
            int at = places.size() * hidden;
            if (id == settings.placeholder()) {
                ImageLayout layout = layouts.get(image);
                layout.fill(images.get(image).features(), newline.orElse(null), hidden, merged, at);
                int number = image++;
                layout.cells().forEach(c -> places.add(new Place(number, c)));
            } else {
                System.arraycopy(words, word++ * hidden, merged, at, hidden);
                places.add(null);
            }
        }
        int kept = images.isEmpty() ? all : Math.min(all, settings.promptLimit().orElse(all));
        var vision = new boolean[kept];
        var candidates = new boolean[kept];
        for (int i = 0; i < kept; i++) {
            Place place = places.get(i);
            vision[i] = place != null;
            candidates[i] = switch (settings.candidates()) {
                case VISION -> place != null;
                case HIGH_RESOLUTION -> place != null && place.cell().highResolution();
                case ALL -> true;
            };
        }
        return new MergedPrompt(kept == all ? merged : Arrays.copyOf(merged, kept * hidden), vision, candidates,
                places.subList(0, kept), all - kept);
    }

    private static ImageLayout layout(LlavaSettings settings, Image image, int hidden) {
        int pieces = 1 + image.across * image.down;
        int expected = pieces * settings.tower().positions() * hidden;
        if (image.features.length != expected) {
            throw new IllegalArgumentException("an image of " + pieces + " pieces has " + image.features.length + " feature elements, expected " + expected);
        }
        return ImageLayout.of(settings, image.across, image.down, image.width, image.height);
    }

    /** Half-open ranges of the tokens whose flag is set, in pairs. */
    public static List<int[]> ranges(boolean[] flags) {
        var ranges = new ArrayList<int[]>();
        for (int i = 0; i < flags.length; i++) {
            if (flags[i] && (i == 0 || !flags[i - 1])) {
                int begin = i;
                int end = IntStream.range(begin, flags.length).filter(j -> !flags[j]).findFirst().orElse(flags.length);
                ranges.add(new int[] {begin, end});
            }
        }
        return ranges;
    }
}
