// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

import java.util.List;

/**
 * What a vision tower takes of one picture.
 *
 * @param pixels         {@code [patches, 3, patch.height, patch.width]}, row-major, normalised
 * @param patches        1, or with a grid the whole picture's patch and then the grid's, row by row
 * @param patch          the size of each
 * @param gridWidth      patches side by side in the grid; 1 without one
 * @param gridHeight     patches above each other in the grid; 1 without one
 * @param originalWidth  of the picture as it was opened, after its orientation if that is applied
 * @param originalHeight likewise
 * @param remarks        what a user may want to know about the file
 */
public record ProcessedImage(float[] pixels, int patches, PixelSize patch, int gridWidth, int gridHeight, int originalWidth, int originalHeight,
        List<String> remarks) {
    public ProcessedImage {
        remarks = List.copyOf(remarks);
        if (pixels.length != patches * patch.pixels() * RgbImage.CHANNELS) {
            throw new IllegalArgumentException(pixels.length + " numbers for " + patches + " patches of " + patch);
        }
    }
}
