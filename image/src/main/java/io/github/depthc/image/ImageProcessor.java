// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes of a picture what a vision tower takes, equal to the reference processors before normalisation: transformers'
 * {@code CLIPImageProcessor} and {@code LlavaNextImageProcessor} (the slow ones, which resize with Pillow), and LLaVA's own
 * {@code expand2square} and {@code process_anyres_image}.
 *
 * <p>One thing differs on purpose: transformers takes a picture of one or three pixels' height, or one that becomes so on the way into its grid, for
 * one whose channels come first, and makes nonsense of it; here it is a picture like any other.
 */
public final class ImageProcessor {
    private final ImageSettings settings;
    private final ImageLimits limits;

    /** A processor with the limits of {@link ImageLimits#DEFAULT}. */
    public ImageProcessor(ImageSettings settings) {
        this(settings, ImageLimits.DEFAULT);
    }

    public ImageProcessor(ImageSettings settings, ImageLimits limits) {
        this.settings = settings;
        this.limits = limits;
    }

    /** The settings. */
    public ImageSettings settings() {
        return settings;
    }

    /**
     * Opens a file, upright if the settings say so, and processes it.
     *
     * @throws io.github.depthc.ir.InputException when it is no picture that can be shown
     * @throws IOException                        when it cannot be read
     */
    public ProcessedImage process(Path file) throws IOException {
        ImageFile opened = ImageFile.open(file, limits, settings.upright());
        return process(opened.image(), opened.remarks());
    }

    /** Processes a picture that is in memory. */
    public ProcessedImage process(RgbImage image) {
        return process(image, List.of());
    }

    private ProcessedImage process(RgbImage image, List<String> remarks) {
        List<RgbImage> patches = patches(image);
        PixelSize grid = grid(image.size());
        PixelSize patch = settings.crop();
        float[] pixels = new float[Math.toIntExact(patches.size() * patch.pixels() * RgbImage.CHANNELS)];
        for (int i = 0; i < patches.size(); i++) {
            normalize(patches.get(i), pixels, i * (pixels.length / patches.size()));
        }
        return new ProcessedImage(pixels, patches.size(), patch, grid.width() / patch.width(), grid.height() / patch.height(), image.size().width(),
                image.size().height(), remarks);
    }

    /** The pixels of all patches in the grid; one patch's without a grid. */
    private PixelSize grid(PixelSize picture) {
        return settings.mode() == ImageSettings.Mode.ANYRES ? AnyresGrid.choose(picture, settings.grid()) : settings.crop();
    }

    /** The patches before normalisation. */
    List<RgbImage> patches(RgbImage image) {
        return switch (settings.mode()) {
            case CLIP -> List.of(cropped(Framed.none(image)));
            case PAD -> List.of(cropped(Framed.square(image, settings.meanColour())));
            case ANYRES -> anyres(image);
        };
    }

    private List<RgbImage> anyres(RgbImage image) {
        var patches = new ArrayList<RgbImage>();
        patches.add(cropped(Framed.none(PilResize.resize(image, base(), settings.filter()))));
        PixelSize grid = grid(image.size());
        PixelSize fitted = AnyresGrid.fit(image.size(), grid);
        RgbImage padded = RgbImage.filled(grid, 0);
        padded.paste(PilResize.resize(image, fitted, settings.filter()), (grid.width() - fitted.width()) / 2, (grid.height() - fitted.height()) / 2);
        PixelSize tile = settings.crop();
        for (int y = 0; y < grid.height(); y += tile.height()) {
            for (int x = 0; x < grid.width(); x += tile.width()) {
                patches.add(cropped(Framed.none(padded.crop(x, y, tile))));
            }
        }
        return patches;
    }

    /** What the whole picture becomes beside its grid: a square, whatever its ratio. */
    private PixelSize base() {
        int edge = switch (settings.resize().orElse(null)) {
            case null -> settings.crop().width();
            case ImageSettings.Resize.ShortestEdge s -> s.edge();
            case ImageSettings.Resize.Exact e -> Math.min(e.size().width(), e.size().height());
        };
        return new PixelSize(edge, edge);
    }

    /** Resized and cut, as CLIP's processor does. */
    private RgbImage cropped(Framed image) {
        PixelSize to = resized(image.size());
        PixelSize crop = settings.crop();
        var part = new PixelSize(Math.min(to.width(), crop.width()), Math.min(to.height(), crop.height()));
        var window = new PilResize.Window((to.width() - part.width()) / 2, (to.height() - part.height()) / 2, part);
        RgbImage cut = PilResize.resize(image, to, window, settings.filter());
        if (part.equals(crop)) {
            return cut;
        }
        RgbImage padded = RgbImage.filled(crop, 0);
        padded.paste(cut, Math.ceilDiv(crop.width() - part.width(), 2), Math.ceilDiv(crop.height() - part.height(), 2));
        return padded;
    }

    private PixelSize resized(PixelSize from) {
        return switch (settings.resize().orElse(null)) {
            case null -> from;
            case ImageSettings.Resize.Exact e -> e.size();
            case ImageSettings.Resize.ShortestEdge s -> {
                boolean upright = from.width() <= from.height();
                int shorter = Math.min(from.width(), from.height());
                int longer = (int) ((double) ((long) s.edge() * Math.max(from.width(), from.height())) / shorter);
                yield upright ? new PixelSize(s.edge(), longer) : new PixelSize(longer, s.edge());
            }
        };
    }

    private void normalize(RgbImage patch, float[] pixels, int at) {
        int plane = Math.toIntExact(patch.size().pixels());
        byte[] rgb = patch.rgb();
        for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
            float mean = settings.mean().get(channel).floatValue();
            float std = settings.std().get(channel).floatValue();
            float[] of = new float[256];
            for (int v = 0; v < of.length; v++) {
                of[v] = ((float) (v * settings.scale()) - mean) / std;
            }
            for (int i = 0; i < plane; i++) {
                pixels[at + channel * plane + i] = of[rgb[i * RgbImage.CHANNELS + channel] & 0xff];
            }
        }
    }
}
