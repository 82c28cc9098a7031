// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.checkpoint;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SequencedMap;

/** A safetensors file of routers that the user gives beside a checkpoint. */
public final class RouterFile implements WeightStore, AutoCloseable {
    /** The source name of such weights. */
    public static final String SOURCE = "routers";

    private final Path file;
    private final DataFiles data;

    private RouterFile(Path file, DataFiles data) {
        this.file = file;
        this.data = data;
    }

    /**
     * Opens a file.
     *
     * @throws InputException when it is not a well-formed safetensors file
     * @throws IOException    when it cannot be read
     */
    public static RouterFile open(Path file) throws IOException {
        return new RouterFile(file, DataFiles.open(file, List.of(file)));
    }

    /** The file. */
    public Path file() {
        return file;
    }

    /** All tensors by name, in the order of their data. */
    public SequencedMap<String, StoredTensor> tensors() {
        return data.tensors();
    }

    /** A reference to a tensor; {@link InputException} when the file lacks it. */
    public WeightExpr.Stored weight(String name) {
        return new WeightExpr.Stored(SOURCE, name, data.require(name).type());
    }

    /** The bytes of a tensor; {@link InputException} when it is missing or of another type. */
    @Override
    public Extent find(WeightExpr.Stored weight) {
        return data.find(weight);
    }

    /** Unmaps the file; no extent's bytes are accessible from then on. */
    @Override
    public void close() {
        data.close();
    }
}
