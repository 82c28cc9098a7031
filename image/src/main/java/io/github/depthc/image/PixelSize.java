// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

/**
 * A width and a height in pixels, at least one each.
 *
 * @param width  columns
 * @param height rows
 */
public record PixelSize(int width, int height) {
    public PixelSize {
        if (width < 1 || height < 1) {
            throw new IllegalArgumentException("a size of " + width + " x " + height + " pixels");
        }
    }

    /** Pixels in all. */
    public long pixels() {
        return (long) width * height;
    }

    /** The size with its sides exchanged. */
    public PixelSize turned() {
        return new PixelSize(height, width);
    }

    @Override
    public String toString() {
        return width + " x " + height;
    }
}
