// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import io.github.depthc.frontend.vision.ImageLayout;
import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.frontend.vision.MergedLayout;
import io.github.depthc.frontend.vision.MergedPrompt;
import io.github.depthc.image.ImageSettings;
import io.github.depthc.image.RgbImage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * Draws, over the images of a prompt, how many layers processed each place: from dark blue, one alone or none, to yellow, all. Of an image in
 * pieces it is the high-resolution tokens that are drawn. What the tower does not see keeps no colour. A bar below shows the scale.
 */
final class RoutingPicture {
    private static final int LONGEST = 1024;
    private static final int BAR = 12;
    private static final double SHARE = 0.6;
    /** From few layers to all: dark blue, green, yellow. */
    private static final int[] SCALE = {0x30125a, 0x2a788e, 0x5ac864, 0xfde725};

    private final ImageInput input;
    private final MergedPrompt prompt;
    private final int[] processed;
    private final int layers;

    private RoutingPicture(ImageInput input, MergedPrompt prompt, int[] processed, int layers) {
        this.input = input;
        this.prompt = prompt;
        this.processed = processed;
        this.layers = layers;
    }

    /**
     * The picture as a PNG file, images one below the other.
     *
     * @param routed of each routed layer the tokens it processed; other layers processed all
     * @param layers of the model
     */
    static byte[] of(ImageInput input, MergedPrompt prompt, Map<Integer, int[]> routed, int layers) throws IOException {
        int[] processed = new int[prompt.tokens()];
        Arrays.fill(processed, layers - routed.size());
        routed.values().forEach(kept -> {
            for (int t : kept) {
                processed[t]++;
            }
        });
        return png(new RoutingPicture(input, prompt, processed, layers).draw());
    }

    /** In memory: what {@link ImageIO} would write to by itself is a file in the folder for temporary ones. */
    private static byte[] png(BufferedImage picture) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new MemoryCacheImageOutputStream(bytes)) {
            if (!ImageIO.write(picture, "png", out)) {
                throw new IllegalStateException("this Java runtime has no PNG writer (module java.desktop)");
            }
        }
        return bytes.toByteArray();
    }

    private BufferedImage draw() {
        List<ImageInput.Prepared> images = input.images();
        double[] scales = images.stream().mapToDouble(i -> Math.min(1, (double) LONGEST / Math.max(width(i.picture()), height(i.picture())))).toArray();
        int width = 0;
        int height = BAR;
        for (int i = 0; i < scales.length; i++) {
            width = Math.max(width, scaled(width(images.get(i).picture()), scales[i]));
            height += scaled(height(images.get(i).picture()), scales[i]);
        }
        var drawn = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        int top = 0;
        for (int i = 0; i < scales.length; i++) {
            draw(drawn, i, top, scales[i]);
            top += scaled(height(images.get(i).picture()), scales[i]);
        }
        for (int x = 0; x < width; x++) {
            for (int y = top; y < height; y++) {
                drawn.setRGB(x, y, colour((double) x / Math.max(1, width - 1)));
            }
        }
        return drawn;
    }

    private void draw(BufferedImage drawn, int image, int top, double scale) {
        RgbImage picture = input.images().get(image).picture();
        int[][] counts = counts(image);
        Frame frame = Frame.of(input, image, counts.length, counts[0].length);
        int width = scaled(width(picture), scale);
        int height = scaled(height(picture), scale);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                double px = (x + 0.5) / scale;
                double py = (y + 0.5) / scale;
                int under = picture.colour(Math.min(width(picture) - 1, (int) px), Math.min(height(picture) - 1, (int) py));
                int column = (int) Math.floor((px - frame.left) / frame.width * counts[0].length);
                int row = (int) Math.floor((py - frame.top) / frame.height * counts.length);
                boolean seen = row >= 0 && row < counts.length && column >= 0 && column < counts[0].length;
                drawn.setRGB(x, top + y, seen ? blend(under, colour((double) counts[row][column] / layers)) : grey(under));
            }
        }
    }

    /** Layers that processed each place of an image; a token that was cut off was processed by none. */
    private int[][] counts(int image) {
        boolean parts = input.layouts().get(image).cells().stream().anyMatch(ImageLayout.Part.class::isInstance);
        int grid = input.settings().tower().grid();
        int[][] counts = input.layouts().get(image).cells().stream().filter(ImageLayout.Part.class::isInstance).findFirst()
                .map(c -> new int[((ImageLayout.Part) c).rows()][((ImageLayout.Part) c).columns()]).orElseGet(() -> new int[grid][grid]);
        for (int t = 0; t < prompt.tokens(); t++) {
            MergedLayout.Place place = prompt.layout().places().get(t);
            if (place != null && place.image() == image) {
                switch (place.cell()) {
                    case ImageLayout.Part p -> counts[p.row()][p.column()] = processed[t];
                    case ImageLayout.Whole w when !parts -> counts[w.row()][w.column()] = processed[t];
                    case ImageLayout.Whole w -> { }
                    case ImageLayout.Newline n -> { }
                }
            }
        }
        return counts;
    }

    /** Where the tower's grid lies over a picture, in its pixels. */
    private record Frame(double left, double top, double width, double height) {
        static Frame of(ImageInput input, int image, int rows, int columns) {
            ImageInput.Prepared p = input.images().get(image);
            double w = RoutingPicture.width(p.picture());
            double h = RoutingPicture.height(p.picture());
            if (p.tower().across() > 0) {
                boolean whole = input.settings().merge() == LlavaSettings.Merge.UNPAD;
                double scale = Math.min(columns / w, rows / h);
                return whole ? new Frame(0, 0, w, h) : around(w, h, columns / scale, rows / scale);
            }
            double side = input.mode() == ImageSettings.Mode.PAD ? Math.max(w, h) : Math.min(w, h);
            return around(w, h, side, side);
        }

        private static Frame around(double w, double h, double width, double height) {
            return new Frame((w - width) / 2, (h - height) / 2, width, height);
        }
    }

    private static int width(RgbImage picture) {
        return picture.size().width();
    }

    private static int height(RgbImage picture) {
        return picture.size().height();
    }

    private static int scaled(int size, double scale) {
        return Math.max(1, (int) Math.round(size * scale));
    }

    /** The colour of a share of the layers. */
    static int colour(double share) {
        double at = Math.clamp(share, 0, 1) * (SCALE.length - 1);
        int first = Math.min((int) at, SCALE.length - 2);
        return mixed(SCALE[first], SCALE[first + 1], at - first);
    }

    private static int blend(int under, int over) {
        return mixed(under, over, SHARE);
    }

    private static int grey(int colour) {
        int mean = ((colour >> 16) + (colour >> 8 & 0xff) + (colour & 0xff)) / 3;
        return mean << 16 | mean << 8 | mean;
    }

    private static int mixed(int a, int b, double share) {
        int mixed = 0;
        for (int shift = 16; shift >= 0; shift -= 8) {
            mixed |= (int) Math.round((a >> shift & 0xff) * (1 - share) + (b >> shift & 0xff) * share) << shift;
        }
        return mixed;
    }
}
