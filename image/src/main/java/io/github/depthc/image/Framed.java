// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

/**
 * A picture inside a border of one colour that is nowhere in memory.
 *
 * @param picture the picture
 * @param size    of it with its border
 * @param left    how far the picture is from the left
 * @param top     how far it is from the top
 * @param border  the border's colour, {@code 0xRRGGBB}
 */
record Framed(RgbImage picture, PixelSize size, int left, int top, int border) {
    /** Without a border. */
    static Framed none(RgbImage picture) {
        return new Framed(picture, picture.size(), 0, 0, 0);
    }

    /** In the middle of a square as wide as its longer side. */
    static Framed square(RgbImage picture, int border) {
        PixelSize size = picture.size();
        int edge = Math.max(size.width(), size.height());
        return new Framed(picture, new PixelSize(edge, edge), (edge - size.width()) / 2, (edge - size.height()) / 2, border);
    }
}
