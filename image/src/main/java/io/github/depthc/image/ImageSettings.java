// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

import io.github.depthc.ir.InputException;
import java.util.List;
import java.util.Optional;

/**
 * How a vision tower wants its pictures: what {@code preprocessor_config.json} says, and what LLaVA's {@code config.json} adds.
 *
 * @param mode    what is done with a picture that is no square
 * @param resize  the size that a picture is brought to; empty to leave it
 * @param crop    what is cut from the middle of that, black where the picture ends: the size of a tower's patch
 * @param filter  how it is resized
 * @param scale   each colour 0 to 255 is multiplied by it
 * @param mean    taken off each of red, green and blue after that
 * @param std     each is divided by it after that
 * @param grid    the sizes that {@link Mode#ANYRES} chooses from, multiples of {@code crop}; of equally good ones the first is taken, and the
 *                original LLaVA and transformers read the same list in different orders, as [width, height] and as [height, width]
 * @param upright whether EXIF's orientation is applied ({@link ImageFile#open})
 */
public record ImageSettings(Mode mode, Optional<Resize> resize, PixelSize crop, PilFilter filter, double scale, List<Double> mean, List<Double> std,
        List<PixelSize> grid, boolean upright) {
    /** The longest side that a tower may take. */
    public static final int MAX_EDGE = 4096;
    /** The most patches in a grid. */
    public static final int MAX_TILES = 144;

    private static final double SCALE = 1.0 / 255;
    private static final List<Double> CLIP_MEAN = List.of(0.48145466, 0.4578275, 0.40821073);
    private static final List<Double> CLIP_STD = List.of(0.26862954, 0.26130258, 0.27577711);

    /** What is done with a picture that is no square. */
    public enum Mode {
        /** Its middle is taken: CLIP's processor. */
        CLIP,
        /** It is put in the middle of a square of the mean colour ({@code image_aspect_ratio: pad}). */
        PAD,
        /** The whole of it squeezed into a square, then the patches of a grid that it fits in best (LLaVA-NeXT). */
        ANYRES
    }

    /** The size that a picture is brought to. */
    public sealed interface Resize {
        /** Its shorter side becomes this long, and the other keeps the ratio. */
        record ShortestEdge(int edge) implements Resize {
            public ShortestEdge {
                requireEdge("size", edge);
            }
        }

        /** Both sides. */
        record Exact(PixelSize size) implements Resize {
            public Exact {
                requireEdge("size", Math.max(size.width(), size.height()));
            }
        }
    }

    public ImageSettings {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        grid = List.copyOf(grid);
        requireEdge("crop_size", Math.max(crop.width(), crop.height()));
        if (mean.size() != RgbImage.CHANNELS || std.size() != RgbImage.CHANNELS || !std.stream().allMatch(d -> Double.isFinite(d) && d != 0)
                || !mean.stream().allMatch(Double::isFinite) || !Double.isFinite(scale)) {
            throw new InputException("image_mean " + mean + ", image_std " + std + " and rescale_factor " + scale
                    + ", expected three finite numbers each, std without zeros, and a finite factor");
        }
        if (mode == Mode.ANYRES) {
            if (grid.isEmpty() || crop.width() != crop.height()) {
                throw new InputException("image_grid_pinpoints has " + grid.size() + " sizes and crop_size is " + crop + ", expected a size at least and a square");
            }
            for (PixelSize size : grid) {
                if (size.width() % crop.width() != 0 || size.height() % crop.height() != 0 || size.pixels() / crop.pixels() > MAX_TILES) {
                    throw new InputException("image_grid_pinpoints has the size " + size + ", expected whole patches of " + crop + ", at most " + MAX_TILES);
                }
            }
        }
    }

    private static void requireEdge(String what, int edge) {
        if (edge < 1 || edge > MAX_EDGE) {
            throw new InputException(what + " is " + edge + ", expected 1 to " + MAX_EDGE);
        }
    }

    /** CLIP's own settings for towers of this size, such as 336. */
    public static ImageSettings clip(int edge) {
        return new ImageSettings(Mode.CLIP, Optional.of(new Resize.ShortestEdge(edge)), new PixelSize(edge, edge), PilFilter.BICUBIC, SCALE, CLIP_MEAN, CLIP_STD,
                List.of(), true);
    }

    /** The same settings in another mode with another grid. */
    public ImageSettings withMode(Mode other, List<PixelSize> sizes) {
        return new ImageSettings(other, resize, crop, filter, scale, mean, std, sizes, upright);
    }

    /** The same settings, with EXIF's orientation applied or not. */
    public ImageSettings withUpright(boolean applied) {
        return new ImageSettings(mode, resize, crop, filter, scale, mean, std, grid, applied);
    }

    /** The mean colour, {@code 0xRRGGBB}, as LLaVA rounds it: down. */
    int meanColour() {
        int colour = 0;
        for (double channel : mean) {
            colour = colour << 8 | Math.clamp((int) (channel * 255), 0, 255);
        }
        return colour;
    }
}
