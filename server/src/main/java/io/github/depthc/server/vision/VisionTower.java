// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.vision;

import io.github.depthc.frontend.vision.MergedPrompt;
import io.github.depthc.frontend.vision.TowerImage;
import java.util.List;

/** Sees images and puts them together with text. Used by one thread at a time, the engine's. */
@FunctionalInterface
public interface VisionTower {
    /**
     * The prompt as the decoder takes it.
     *
     * @param ids of the prompt, each image's place held by one id
     * @throws java.io.UncheckedIOException if the run fails
     */
    MergedPrompt see(int[] ids, List<TowerImage> images);
}
