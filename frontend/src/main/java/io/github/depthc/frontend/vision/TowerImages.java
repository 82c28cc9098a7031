// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.vision;

import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.image.ImageSettings;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Path;

/** How images are prepared for the vision tower of a checkpoint. */
public final class TowerImages {
    private TowerImages() {
    }

    /**
     * By the checkpoint's own settings. Original checkpoints often have none; their code takes those of the tower, and where a folder has
     * none either, they are those of OpenAI's CLIP at the tower's size.
     *
     * @param config the checkpoint's {@code config.json}
     * @param folder that may have {@code preprocessor_config.json}: of the checkpoint, of its tower, or of a bundle
     * @throws InputException for settings that are not supported, or that are for another tower
     */
    public static ImageSettings settings(JsonObject config, LlavaSettings settings, Path folder) throws IOException {
        int size = settings.tower().imageSize();
        ImageSettings images = settings.huggingFace() ? PreprocessorConfig.read(folder)
                : PreprocessorConfig.find(folder).isPresent() ? PreprocessorConfig.original(config, folder) : PreprocessorConfig.original(config, ImageSettings.clip(size));
        if (images.crop().width() != size || images.crop().height() != size) {
            throw new InputException(PreprocessorConfig.find(folder).orElse(folder) + ": makes pieces of " + images.crop() + " pixels, expected " + size + " by " + size
                    + " as the vision tower takes");
        }
        if (settings.huggingFace() && settings.merge() != LlavaSettings.Merge.FLAT) {
            PreprocessorConfig.requireSameGrid(config, images);
        }
        return images;
    }
}
