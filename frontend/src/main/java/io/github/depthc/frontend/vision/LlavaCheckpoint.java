// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.vision;

import io.github.depthc.frontend.checkpoint.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Opens checkpoints whose projector may be in a file of its own, as LLaVA's training writes it. */
public final class LlavaCheckpoint {
    /** The projector's file. */
    public static final String PROJECTOR = "mm_projector.bin";
    private static final String PREFIX = "model.mm_projector";

    private LlavaCheckpoint() {
    }

    /** As {@link Checkpoint#open(Path)}; with the projector of {@link #PROJECTOR}, if the checkpoint takes images and has none in its own files. */
    public static Checkpoint open(Path dir) throws IOException {
        Checkpoint checkpoint = Checkpoint.open(dir);
        Path projector = dir.resolve(PROJECTOR);
        if (!LlavaSettings.describes(checkpoint.config()) || checkpoint.tensors().keySet().stream().anyMatch(n -> n.startsWith(PREFIX)) || !Files.exists(projector)) {
            return checkpoint;
        }
        checkpoint.close();
        return Checkpoint.open(dir, List.of(projector));
    }
}
