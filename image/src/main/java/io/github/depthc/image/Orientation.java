// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** EXIF's orientation: found in a TIFF block, and applied as Pillow's {@code exif_transpose} does. */
final class Orientation {
    /** The picture is as it should be seen. */
    static final int UPRIGHT = 1;

    private static final int TAG = 0x0112;
    private static final int ENTRY_BYTES = 12;
    private static final int SHORT = 3;

    private Orientation() {
    }

    /** The number in an EXIF block, which begins with the TIFF header; upright when there is none that makes sense. */
    static int find(byte[] file, int from, int length) {
        if (length < 8) {
            return UPRIGHT;
        }
        ByteBuffer tiff = ByteBuffer.wrap(file, from, length).slice();
        int mark = tiff.getShort(0);
        if (mark != 0x4949 && mark != 0x4d4d) {
            return UPRIGHT;
        }
        tiff.order(mark == 0x4949 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        int directory = tiff.getInt(4);
        if (directory < 8 || directory > length - 2) {
            return UPRIGHT;
        }
        int entries = Math.min(tiff.getShort(directory) & 0xffff, (length - directory - 2) / ENTRY_BYTES);
        for (int i = 0; i < entries; i++) {
            int entry = directory + 2 + i * ENTRY_BYTES;
            if ((tiff.getShort(entry) & 0xffff) == TAG && tiff.getShort(entry + 2) == SHORT) {
                int value = tiff.getShort(entry + 8);
                return value >= 1 && value <= 8 ? value : UPRIGHT;
            }
        }
        return UPRIGHT;
    }

    /** The picture turned and mirrored so that it is upright. */
    static RgbImage apply(RgbImage image, int orientation) {
        if (orientation == UPRIGHT) {
            return image;
        }
        int width = image.size().width();
        int height = image.size().height();
        PixelSize upright = orientation >= 5 ? image.size().turned() : image.size();
        byte[] from = image.rgb();
        byte[] to = new byte[from.length];
        int at = 0;
        for (int y = 0; y < upright.height(); y++) {
            for (int x = 0; x < upright.width(); x++) {
                int column = switch (orientation) {
                    case 2, 3 -> width - 1 - x;
                    case 4 -> x;
                    case 5, 6 -> y;
                    case 7, 8 -> width - 1 - y;
                    default -> throw new IllegalArgumentException("orientation " + orientation);
                };
                int row = switch (orientation) {
                    case 2 -> y;
                    case 3, 4 -> height - 1 - y;
                    case 5, 8 -> x;
                    default -> height - 1 - x;
                };
                int source = (row * width + column) * RgbImage.CHANNELS;
                to[at++] = from[source];
                to[at++] = from[source + 1];
                to[at++] = from[source + 2];
            }
        }
        return new RgbImage(upright, to);
    }
}
