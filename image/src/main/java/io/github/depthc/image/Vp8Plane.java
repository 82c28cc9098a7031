// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

import java.util.Arrays;

/**
 * Luma or one chroma of a VP8 frame, in whole blocks, with what prediction takes for the pixels above (127) and to the left (129) of it.
 */
final class Vp8Plane {
    private static final byte ABOVE = 127;
    private static final byte LEFT = (byte) 129;

    final byte[] pixels;
    final int stride;

    Vp8Plane(int width, int height) {
        stride = width + 1;
        pixels = new byte[Math.multiplyExact(stride, height + 1)];
        Arrays.fill(pixels, 0, stride, ABOVE);
        for (int y = 1; y <= height; y++) {
            pixels[y * stride] = LEFT;
        }
    }

    /** Where a pixel is; -1 is the row above and the column to the left. */
    int at(int x, int y) {
        return (y + 1) * stride + x + 1;
    }

    int get(int at) {
        return pixels[at] & 0xff;
    }

    /** Adds to a pixel. */
    void add(int at, int difference) {
        pixels[at] = clamped((pixels[at] & 0xff) + difference);
    }

    static byte clamped(int value) {
        return (byte) (value < 0 ? 0 : Math.min(value, 255));
    }
}
