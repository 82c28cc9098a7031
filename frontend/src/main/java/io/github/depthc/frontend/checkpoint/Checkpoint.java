package io.github.depthc.frontend.checkpoint;

import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * An opened HuggingFace checkpoint folder: {@code config.json} and {@code model.safetensors}, or
 * {@code model.safetensors.index.json} with its shards. Data files are mapped, not read; {@link #close()} unmaps them.
 */
public final class Checkpoint implements WeightStore, AutoCloseable {
    /** The source name of a checkpoint's weights. */
    public static final String SOURCE = "checkpoint";

    /** Opens a folder. */
    public static Checkpoint open(Path dir) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Reads the configuration alone. */
    public static JsonObject config(Path dirOrConfigJson) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** The folder. */
    public Path dir() {
        throw new UnsupportedOperationException();
    }

    /** {@code config.json}. */
    public JsonObject config() {
        throw new UnsupportedOperationException();
    }

    /** {@code generation_config.json}, when there is one. */
    public Optional<JsonObject> generationConfig() {
        throw new UnsupportedOperationException();
    }

    /** All tensors by name. */
    public SequencedMap<String, StoredTensor> tensors() {
        throw new UnsupportedOperationException();
    }

    /** A reference to a tensor; {@link io.github.depthc.ir.InputException} when the checkpoint lacks it. */
    public WeightExpr.Stored weight(String name) {
        throw new UnsupportedOperationException();
    }

    /** The data files. */
    public List<Path> files() {
        throw new UnsupportedOperationException();
    }

    /** The tokenizer's files that exist. */
    public List<Path> tokenizerFiles() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Extent find(WeightExpr.Stored weight) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
    }
}
