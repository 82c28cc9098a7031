// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

/**
 * What a picture file may be, at most; held against its header before anything is decoded.
 *
 * @param pixels width times height
 * @param bytes  the file's length
 */
public record ImageLimits(long pixels, long bytes) {
    /** The longest side of any picture. */
    public static final int MAX_EDGE = 65_535;

    /** 89 478 485 pixels (256 MiB of colours, where Pillow begins to warn of decompression bombs) in 256 MiB of file. */
    public static final ImageLimits DEFAULT = new ImageLimits(89_478_485, 256L << 20);

    public ImageLimits {
        if (pixels < 1 || bytes < 1) {
            throw new IllegalArgumentException("limits of " + pixels + " pixels and " + bytes + " bytes");
        }
    }

    /** The same limits with another number of pixels. */
    public ImageLimits withPixels(long most) {
        return new ImageLimits(most, bytes);
    }
}
