// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

import java.util.Arrays;

/** A picture in memory, 8 bits each of red, green and blue. */
public final class RgbImage {
    /** Bytes of a pixel. */
    static final int CHANNELS = 3;

    private final PixelSize size;
    private final byte[] rgb;

    /**
     * A picture of these bytes, which are not copied.
     *
     * @param rgb red, green and blue of each pixel, row by row
     */
    public RgbImage(PixelSize size, byte[] rgb) {
        if (rgb.length != size.pixels() * CHANNELS) {
            throw new IllegalArgumentException(rgb.length + " bytes for a picture of " + size);
        }
        this.size = size;
        this.rgb = rgb;
    }

    /** A picture of one colour, {@code 0xRRGGBB}. */
    static RgbImage filled(PixelSize size, int colour) {
        byte[] rgb = new byte[Math.toIntExact(size.pixels() * CHANNELS)];
        if (colour != 0) {
            fill(rgb, 0, rgb.length, colour);
        }
        return new RgbImage(size, rgb);
    }

    static void fill(byte[] rgb, int from, int to, int colour) {
        for (int i = from; i < to; i += CHANNELS) {
            rgb[i] = (byte) (colour >> 16);
            rgb[i + 1] = (byte) (colour >> 8);
            rgb[i + 2] = (byte) colour;
        }
    }

    /** Its width and height. */
    public PixelSize size() {
        return size;
    }

    /** Red, green and blue of each pixel, row by row: the picture's own array. */
    public byte[] rgb() {
        return rgb;
    }

    /** The colour of a pixel, {@code 0xRRGGBB}. */
    public int colour(int x, int y) {
        int at = (y * size.width() + x) * CHANNELS;
        return (rgb[at] & 0xff) << 16 | (rgb[at + 1] & 0xff) << 8 | rgb[at + 2] & 0xff;
    }

    /** A part of the picture. */
    RgbImage crop(int left, int top, PixelSize part) {
        byte[] cut = new byte[Math.toIntExact(part.pixels() * CHANNELS)];
        int bytes = part.width() * CHANNELS;
        for (int y = 0; y < part.height(); y++) {
            System.arraycopy(rgb, ((top + y) * size.width() + left) * CHANNELS, cut, y * bytes, bytes);
        }
        return new RgbImage(part, cut);
    }

    /** Draws another picture over this one; it must lie inside. */
    void paste(RgbImage other, int left, int top) {
        int bytes = other.size.width() * CHANNELS;
        for (int y = 0; y < other.size.height(); y++) {
            System.arraycopy(other.rgb, y * bytes, rgb, ((top + y) * size.width() + left) * CHANNELS, bytes);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RgbImage i && i.size.equals(size) && Arrays.equals(i.rgb, rgb);
    }

    @Override
    public int hashCode() {
        return 31 * size.hashCode() + Arrays.hashCode(rgb);
    }

    @Override
    public String toString() {
        return "picture of " + size + " pixels";
    }
}
