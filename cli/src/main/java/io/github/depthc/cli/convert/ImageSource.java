// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.vision.ImageParts;
import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.frontend.vision.PreprocessorConfig;
import io.github.depthc.frontend.vision.TowerImages;
import io.github.depthc.image.ImageSettings;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.Region;
import io.github.depthc.passes.builtin.lower.EmbeddingSplit;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a bundle takes from a checkpoint, and from its vision tower's own, for images.
 *
 * @param parts  its graphs
 * @param images how images are prepared
 * @param files  copied into the bundle: name there → file
 * @param embedding the embedding of a model that was cut before it is converted; empty of one that takes token ids till then
 * @param remark what the user should know; empty for nothing
 */
public record ImageSource(ImageParts parts, ImageSettings images, Map<String, Path> files, Optional<Region> embedding, Optional<String> remark) {
    /** The same of a model that is cut before it is converted, so that it can be run on images too. */
    public ImageSource cut(EmbeddingSplit split) {
        return new ImageSource(parts, images, files, Optional.of(split.embedding()), remark);
    }

    /**
     * Looks at a checkpoint.
     *
     * @param tower the vision tower's own checkpoint, where it is not in this one
     * @return empty for a checkpoint that takes no images, or has no vision tower
     */
    public static Optional<ImageSource> of(Checkpoint checkpoint, Model decoder, Optional<Checkpoint> tower) throws IOException {
        Optional<ImageParts> parts = Importer.images(checkpoint, decoder, tower);
        if (parts.isEmpty()) {
            return Optional.empty();
        }
        var files = new LinkedHashMap<String, Path>();
        tower.ifPresent(t -> files.put(LlavaSettings.TOWER_CONFIG, t.dir().resolve(Checkpoint.CONFIG)));
        Optional<Path> processor = PreprocessorConfig.find(checkpoint.dir()).or(() -> tower.flatMap(t -> PreprocessorConfig.find(t.dir())));
        processor.ifPresent(p -> files.put(p.getFileName().toString(), p));
        // what is wrong with it is told now, not when the first image comes
        ImageSettings images = TowerImages.settings(checkpoint.config(), parts.get().settings(), processor.map(Path::getParent).orElse(checkpoint.dir()));
        return Optional.of(new ImageSource(parts.get(), images, files, Optional.empty(), processor.isPresent() ? Optional.empty()
                : Optional.of("There is no " + PreprocessorConfig.FILE + " beside the checkpoint or its vision tower: images are prepared as OpenAI's CLIP prepares them.")));
    }
}
