// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.vision;

import io.github.depthc.ir.Counted;
import io.github.depthc.ir.InputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Where the tokens of a prompt of text and images come from: known before a tower has seen the images.
 *
 * @param vision     true for tokens of images
 * @param candidates true for tokens that layers may skip when the checkpoint says of images which
 * @param places     where in an image each token is from; null for text
 * @param cut        tokens that were cut off on the right
 */
public record MergedLayout(boolean[] vision, boolean[] candidates, List<Place> places, int cut) {
    /** A token's image, from 0, and its place in it. */
    public record Place(int image, ImageLayout.Cell cell) {
    }

    /**
     * The layout.
     *
     * @param ids    of the prompt, each image's place held by one id
     * @param images in the order of the prompt
     * @throws InputException if there are not as many images as places for them
     */
    public static MergedLayout of(LlavaSettings settings, int[] ids, List<ImageLayout> images) {
        check(settings, ids, images.size());
        int all = ids.length - images.size() + images.stream().mapToInt(ImageLayout::size).sum();
        var places = new ArrayList<Place>(all);
        int image = 0;
        for (int id : ids) {
            if (id == settings.placeholder()) {
                int number = image++;
                images.get(number).cells().forEach(c -> places.add(new Place(number, c)));
            } else {
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
        return new MergedLayout(vision, candidates, places.subList(0, kept), all - kept);
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

    /** Number of tokens. */
    public int tokens() {
        return vision.length;
    }

    /** How many of them are of images. */
    public int visionTokens() {
        return (int) places.stream().filter(p -> p != null).count();
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
