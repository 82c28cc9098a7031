// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

import java.util.Arrays;

/**
 * Pillow's {@code Image.resize} for 8-bit pictures, equal bit by bit: antialiased (the filter is widened by the factor of reduction), first
 * along rows and then along columns, each with weights of 22 fractional bits and a result rounded to 8 bits
 * (Pillow 12, {@code src/libImaging/Resample.c}).
 */
final class PilResize {
    private static final int FRACTION_BITS = 32 - 8 - 2;
    private static final int HALF = 1 << FRACTION_BITS - 1;

    /** A part of the picture that resizing gives; only that part is computed. */
    record Window(int left, int top, PixelSize size) {
    }

    private PilResize() {
    }

    /** The whole of a resized picture. */
    static RgbImage resize(RgbImage from, PixelSize to, PilFilter filter) {
        return resize(Framed.none(from), to, new Window(0, 0, to), filter);
    }

    /** A window of a picture resized to {@code to}. */
    static RgbImage resize(Framed from, PixelSize to, Window window, PilFilter filter) {
        int width = window.size.width();
        int height = window.size.height();
        Weights columns = from.size().width() == to.width() ? null : Weights.of(from.size().width(), to.width(), window.left, width, filter);
        Weights rows = from.size().height() == to.height() ? null : Weights.of(from.size().height(), to.height(), window.top, height, filter);
        int first = rows == null ? window.top : rows.begin(0);
        int end = rows == null ? window.top + height : rows.end(height - 1);
        byte[] narrow = along(from, columns, window.left, width, first, end);
        return new RgbImage(window.size, rows == null ? narrow : across(narrow, rows, width, height, first));
    }

    private static byte[] along(Framed from, Weights weights, int left, int width, int first, int end) {
        int line = width * RgbImage.CHANNELS;
        byte[] out = new byte[Math.multiplyExact(line, end - first)];
        // Weights add up to one: where all pixels are the border's, so is the result.
        RgbImage.fill(out, 0, out.length, from.border());
        byte[] row = new byte[from.size().width() * RgbImage.CHANNELS];
        RgbImage.fill(row, 0, row.length, from.border());
        RgbImage picture = from.picture();
        int bytes = picture.size().width() * RgbImage.CHANNELS;
        int right = from.left() + picture.size().width();
        for (int y = Math.max(first, from.top()); y < Math.min(end, from.top() + picture.size().height()); y++) {
            System.arraycopy(picture.rgb(), (y - from.top()) * bytes, row, from.left() * RgbImage.CHANNELS, bytes);
            int at = (y - first) * line;
            if (weights == null) {
                System.arraycopy(row, left * RgbImage.CHANNELS, out, at, line);
                continue;
            }
            for (int x = 0; x < width; x++) {
                if (weights.begin(x) < right && weights.end(x) > from.left()) {
                    sum(row, weights, x, out, at + x * RgbImage.CHANNELS);
                }
            }
        }
        return out;
    }

    private static void sum(byte[] row, Weights weights, int x, byte[] out, int at) {
        int red = HALF;
        int green = HALF;
        int blue = HALF;
        int pixel = weights.begin(x) * RgbImage.CHANNELS;
        for (int k = weights.first(x); k < weights.first(x + 1); k++) {
            int weight = weights.of[k];
            red += (row[pixel] & 0xff) * weight;
            green += (row[pixel + 1] & 0xff) * weight;
            blue += (row[pixel + 2] & 0xff) * weight;
            pixel += RgbImage.CHANNELS;
        }
        out[at] = rounded(red);
        out[at + 1] = rounded(green);
        out[at + 2] = rounded(blue);
    }

    private static byte[] across(byte[] in, Weights weights, int width, int height, int first) {
        int line = width * RgbImage.CHANNELS;
        byte[] out = new byte[line * height];
        int[] sums = new int[line];
        for (int y = 0; y < height; y++) {
            Arrays.fill(sums, HALF);
            int at = (weights.begin(y) - first) * line;
            for (int k = weights.first(y); k < weights.first(y + 1); k++) {
                int weight = weights.of[k];
                for (int i = 0; i < line; i++) {
                    sums[i] += (in[at + i] & 0xff) * weight;
                }
                at += line;
            }
            for (int i = 0; i < line; i++) {
                out[y * line + i] = rounded(sums[i]);
            }
        }
        return out;
    }

    private static byte rounded(int sum) {
        return (byte) Math.clamp(sum >> FRACTION_BITS, 0, 255);
    }

    /** Which pixels go into each pixel of the result, and how much. */
    private static final class Weights {
        private final int[] begin;
        private final int[] first;
        private final int[] of;

        private Weights(int[] begin, int[] first, int[] of) {
            this.begin = begin;
            this.first = first;
            this.of = of;
        }

        static Weights of(int from, int to, int left, int count, PilFilter filter) {
            double scale = (double) from / to;
            double widened = Math.max(scale, 1);
            double support = filter.support() * widened;
            int most = (int) Math.ceil(support) * 2 + 1;
            int[] begin = new int[count];
            int[] first = new int[count + 1];
            int[] of = new int[Math.multiplyExact(most, count)];
            double[] exact = new double[most];
            for (int i = 0; i < count; i++) {
                double centre = (left + i + 0.5) * scale;
                begin[i] = Math.max(0, (int) (centre - support + 0.5));
                int n = Math.min(from, (int) (centre + support + 0.5)) - begin[i];
                double sum = 0;
                for (int k = 0; k < n; k++) {
                    exact[k] = filter.at((k + begin[i] - centre + 0.5) * (1 / widened));
                    sum += exact[k];
                }
                first[i + 1] = first[i] + n;
                for (int k = 0; k < n; k++) {
                    double share = (sum == 0 ? exact[k] : exact[k] / sum) * (1 << FRACTION_BITS);
                    of[first[i] + k] = (int) (share < 0 ? share - 0.5 : share + 0.5);
                }
            }
            return new Weights(begin, first, of);
        }

        /** The first pixel that goes into pixel {@code i}. */
        int begin(int i) {
            return begin[i];
        }

        /** Behind the last one. */
        int end(int i) {
            return begin[i] + first[i + 1] - first[i];
        }

        /** Where the weights of pixel {@code i} begin. */
        int first(int i) {
            return first[i];
        }
    }
}
