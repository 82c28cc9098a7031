// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import io.github.depthc.backend.ort.TextEmbedding;
import io.github.depthc.frontend.vision.ImageParts;
import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.frontend.vision.MergedPrompt;
import io.github.depthc.frontend.vision.TowerImage;
import io.github.depthc.image.ProcessedImage;
import io.github.depthc.passes.api.HostTensor;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Leads images through a vision tower and puts them together with text. */
public final class TowerRun {
    private TowerRun() {
    }

    /** What the graph of a tower gets of an image. */
    public static Map<String, HostTensor> input(TowerImage image) {
        ProcessedImage input = image.input();
        return Map.of(ImageParts.PIXELS, HostTensor.of(input.pixels(), input.patches(), 3, input.patch().height(), input.patch().width()));
    }

    /** An image behind a tower, which gives the outputs of its graph for inputs by name. */
    public static MergedPrompt.Image seen(TowerImage image, Function<Map<String, HostTensor>, List<HostTensor>> tower) {
        return image.seen(tower.apply(input(image)).getFirst().floats());
    }

    /**
     * The prompt that a decoder of this width gets.
     *
     * @param ids of the prompt, each image's place held by one id
     */
    public static MergedPrompt merged(LlavaSettings settings, int[] ids, List<MergedPrompt.Image> images, TextEmbedding text, int hidden) {
        return MergedPrompt.of(settings, ids, images, text.learned(0), hidden, text::of);
    }
}
