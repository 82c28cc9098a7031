// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.vision;

import io.github.depthc.image.ProcessedImage;

/**
 * An image prepared for a vision tower.
 *
 * @param input what the tower gets
 */
public record TowerImage(ProcessedImage input) {
    /** Pieces across, 0 where it is one piece alone. */
    public int across() {
        return input.patches() == 1 ? 0 : input.gridWidth();
    }

    /** Pieces down, 0 where it is one piece alone. */
    public int down() {
        return input.patches() == 1 ? 0 : input.gridHeight();
    }

    /** Where its tokens come from. */
    public ImageLayout layout(LlavaSettings settings) {
        return ImageLayout.of(settings, across(), down(), input.originalWidth(), input.originalHeight());
    }

    /** It behind a tower, which gave these features {@code [pieces · positions, hidden]}. */
    public MergedPrompt.Image seen(float[] features) {
        return new MergedPrompt.Image(features, across(), down(), input.originalWidth(), input.originalHeight());
    }
}
