// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

/** What lossless WebP does to colours before it codes them, undone (WebP Lossless Bitstream Specification, section 4). Pixels are {@code 0xAARRGGBB}. */
sealed interface LosslessTransform {
    /** Undoes it for a picture of this many columns; the result may be wider than what is given. */
    int[] undo(int[] pixels, int width, int height);

    /** Each colour is a difference to what its neighbours let expect, in a mode for each block. */
    record Predictor(int bits, int[] modes, int modesWidth) implements LosslessTransform {
        private static final int BLACK = 0xff000000;

        @Override
        public int[] undo(int[] pixels, int width, int height) {
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    int at = y * width + x;
                    int expected = y == 0 ? x == 0 ? BLACK : pixels[at - 1]
                            : x == 0 ? pixels[at - width]
                            : expected(modes[(y >> bits) * modesWidth + (x >> bits)] >> 8 & 15, pixels, at, width);
                    pixels[at] = sum(pixels[at], expected);
                }
            }
            return pixels;
        }

        private static int expected(int mode, int[] pixels, int at, int width) {
            int left = pixels[at - 1];
            int top = pixels[at - width];
            int topLeft = pixels[at - width - 1];
            // At the right border that is the first one of this row.
            int topRight = pixels[at - width + 1];
            return switch (mode) {
                case 1 -> left;
                case 2 -> top;
                case 3 -> topRight;
                case 4 -> topLeft;
                case 5 -> mean(mean(left, topRight), top);
                case 6 -> mean(left, topLeft);
                case 7 -> mean(left, top);
                case 8 -> mean(topLeft, top);
                case 9 -> mean(top, topRight);
                case 10 -> mean(mean(left, topLeft), mean(top, topRight));
                case 11 -> nearer(top, left, topLeft);
                case 12 -> gradient(left, top, topLeft, false);
                case 13 -> gradient(mean(left, top), mean(left, top), topLeft, true);
                default -> BLACK;
            };
        }

        private static int sum(int a, int b) {
            return (a & 0xff00ff00) + (b & 0xff00ff00) & 0xff00ff00 | (a & 0x00ff00ff) + (b & 0x00ff00ff) & 0x00ff00ff;
        }

        private static int mean(int a, int b) {
            return (((a ^ b) & 0xfefefefe) >>> 1) + (a & b);
        }

        private static int nearer(int top, int left, int corner) {
            int difference = 0;
            for (int shift = 0; shift < 32; shift += 8) {
                int c = corner >>> shift & 0xff;
                difference += Math.abs((left >>> shift & 0xff) - c) - Math.abs((top >>> shift & 0xff) - c);
            }
            return difference <= 0 ? top : left;
        }

        private static int gradient(int a, int b, int corner, boolean half) {
            int colour = 0;
            for (int shift = 0; shift < 32; shift += 8) {
                int difference = (b >>> shift & 0xff) - (corner >>> shift & 0xff);
                colour |= Math.clamp((a >>> shift & 0xff) + (half ? difference / 2 : difference), 0, 255) << shift;
            }
            return colour;
        }
    }

    /** Red and blue are differences to multiples of green, and blue of red too. */
    record CrossColour(int bits, int[] factors, int factorsWidth) implements LosslessTransform {
        @Override
        public int[] undo(int[] pixels, int width, int height) {
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    int factor = factors[(y >> bits) * factorsWidth + (x >> bits)];
                    int colour = pixels[y * width + x];
                    int green = (byte) (colour >> 8);
                    int red = (colour >> 16) + ((byte) factor * green >> 5) & 0xff;
                    int blue = colour + ((byte) (factor >> 8) * green >> 5) + ((byte) (factor >> 16) * (byte) red >> 5) & 0xff;
                    pixels[y * width + x] = colour & 0xff00ff00 | red << 16 | blue;
                }
            }
            return pixels;
        }
    }

    /** Red and blue are differences to green. */
    record SubtractGreen() implements LosslessTransform {
        @Override
        public int[] undo(int[] pixels, int width, int height) {
            for (int i = 0; i < pixels.length; i++) {
                int green = pixels[i] >> 8 & 0xff;
                pixels[i] = pixels[i] & 0xff00ff00 | (pixels[i] & 0x00ff00ff) + (green << 16 | green) & 0x00ff00ff;
            }
            return pixels;
        }
    }

    /** Green is an index into a palette; several of them may stand in one pixel. */
    record Palette(int bits, int[] colours, int packedWidth) implements LosslessTransform {
        @Override
        public int[] undo(int[] pixels, int width, int height) {
            int indexBits = 8 >> bits;
            int[] out = new int[width * height];
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    int packed = pixels[y * packedWidth + (x >> bits)] >> 8 & 0xff;
                    int index = packed >> (x & (1 << bits) - 1) * indexBits & (1 << indexBits) - 1;
                    out[y * width + x] = index < colours.length ? colours[index] : 0;
                }
            }
            return out;
        }
    }
}
