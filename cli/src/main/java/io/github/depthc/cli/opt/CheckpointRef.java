// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.opt;

import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The checkpoint of a model that was read as text, opened when something of it is asked for. */
final class CheckpointRef implements WeightStore, AutoCloseable {
    private final Optional<Path> folder;
    private final String model;
    private Checkpoint opened;

    /**
     * A checkpoint to be opened.
     *
     * @param folder its folder, if one is known
     * @param model  what the model was read from, for messages
     */
    CheckpointRef(Optional<Path> folder, String model) {
        this.folder = folder;
        this.model = model;
    }

    /** The checkpoint; {@link InputException} that says what to add where none is known or it cannot be opened. */
    Checkpoint get() {
        if (opened == null) {
            Path path = folder.orElseThrow(() -> new InputException("the model's weights or tokenizer are needed, but " + model
                    + " names no checkpoint; add --checkpoint FOLDER, or a line 'checkpoint \"FOLDER\"' after its model line"));
            if (!Files.isDirectory(path)) {
                throw new InputException("the model's weights or tokenizer are needed, but " + path + ", the checkpoint of " + model
                        + ", is no folder; add --checkpoint FOLDER, or correct its checkpoint line");
            }
            try {
                opened = Checkpoint.open(path);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return opened;
    }

    @Override
    public Extent find(WeightExpr.Stored weight) {
        return get().find(weight);
    }

    @Override
    public void close() {
        if (opened != null) {
            opened.close();
        }
    }
}
