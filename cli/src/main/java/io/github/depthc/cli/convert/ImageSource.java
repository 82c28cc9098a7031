// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.vision.ImageParts;
import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.frontend.vision.PreprocessorConfig;
import io.github.depthc.frontend.vision.TowerImages;
import io.github.depthc.ir.Model;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a bundle takes from a checkpoint, and from its vision tower's own, for images.
 *
 * @param parts  its graphs
 * @param files  copied into the bundle: name there → file
 * @param remark what the user should know; empty for nothing
 */
public record ImageSource(ImageParts parts, Map<String, Path> files, Optional<String> remark) {
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
        TowerImages.settings(checkpoint.config(), parts.get().settings(), processor.map(Path::getParent).orElse(checkpoint.dir()));
        return Optional.of(new ImageSource(parts.get(), files, processor.isPresent() ? Optional.empty()
                : Optional.of("There is no " + PreprocessorConfig.FILE + " beside the checkpoint or its vision tower: images are prepared as OpenAI's CLIP prepares them.")));
    }
}
