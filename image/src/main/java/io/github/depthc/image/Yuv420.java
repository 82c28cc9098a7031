// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

/** Luma and halved chroma to red, green and blue, as libwebp does: chroma is interpolated from four neighbours ("fancy upsampling"). */
final class Yuv420 {
    private static final int FRACTION_BITS = 6;

    private Yuv420() {
    }

    static RgbImage toRgb(Vp8Plane luma, Vp8Plane u, Vp8Plane v, PixelSize size) {
        int width = size.width();
        byte[] rgb = new byte[Math.toIntExact(size.pixels() * RgbImage.CHANNELS)];
        int last = (size.height() + 1) / 2 - 1;
        for (int y = 0; y < size.height(); y++) {
            // A row is nearer to its own chroma, and half as near to the one above it (even rows) or below it.
            int near = y / 2;
            int far = Math.clamp(y % 2 == 0 ? near - 1 : near + 1, 0, last);
            int at = y * width * RgbImage.CHANNELS;
            for (int x = 0; x < width; x++, at += RgbImage.CHANNELS) {
                colour(luma.get(luma.at(x, y)), chroma(u, x, near, far, width), chroma(v, x, near, far, width), rgb, at);
            }
        }
        return new RgbImage(size, rgb);
    }

    /** The four neighbours' mean with weights 9, 3, 3 and 1, rounded in libwebp's two steps. */
    private static int chroma(Vp8Plane plane, int x, int near, int far, int width) {
        int own = x / 2;
        int a = plane.get(plane.at(own, near));
        int c = plane.get(plane.at(own, far));
        int beside = x % 2 == 0 ? own - 1 : own + 1;
        if (x == 0 || beside > (width - 1) / 2) {
            return 3 * a + c + 2 >> 2;
        }
        int b = plane.get(plane.at(beside, near));
        int d = plane.get(plane.at(beside, far));
        int diagonal = a + b + c + d + 8 + 2 * (b + c) >> 3;
        return diagonal + a >> 1;
    }

    private static void colour(int y, int u, int v, byte[] rgb, int at) {
        int luma = y * 19077 >> 8;
        rgb[at] = clamped(luma + (v * 26149 >> 8) - 14234);
        rgb[at + 1] = clamped(luma - (u * 6419 >> 8) - (v * 13320 >> 8) + 8708);
        rgb[at + 2] = clamped(luma + (u * 33050 >> 8) - 17685);
    }

    private static byte clamped(int value) {
        return (byte) Math.clamp(value >> FRACTION_BITS, 0, 255);
    }
}
