// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.vision;

import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.frontend.vision.TowerImage;
import io.github.depthc.image.ImageFile;
import io.github.depthc.image.ImageLimits;
import io.github.depthc.image.ImageProcessor;
import io.github.depthc.image.ImageSettings;
import io.github.depthc.ir.InputException;
import io.github.depthc.server.api.ApiError;
import io.github.depthc.server.api.Prompt.ImagePart;

/**
 * What a model sees images with.
 *
 * @param settings what its configuration says of images
 * @param how      images are prepared
 * @param tower    sees them
 */
public record ServedVision(LlavaSettings settings, ImageSettings how, VisionTower tower) {
    /**
     * An image as the tower gets it.
     *
     * @throws ApiError that says what is wrong with it
     */
    public TowerImage open(ImagePart part, ImageLimits limits) {
        try {
            ImageFile opened = ImageFile.of(part.file(), part.field(), limits, how.upright());
            return new TowerImage(new ImageProcessor(how, limits).process(opened.image()));
        } catch (InputException e) {
            throw ApiError.field(part.field(), e.getMessage());
        }
    }
}
