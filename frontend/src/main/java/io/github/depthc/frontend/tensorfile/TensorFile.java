// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.tensorfile;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.weight.WeightStore;
import java.nio.file.Path;
import java.util.SequencedMap;

/** An open file of tensors: checked when it was opened, its data mapped and not read. */
public interface TensorFile extends AutoCloseable {
    /** The file. */
    Path path();

    /** All tensors by name, in the order of their data. */
    SequencedMap<String, TensorEntry> tensors();

    /** A tensor's bytes; {@link InputException} when the file has no such tensor. */
    WeightStore.Extent extent(String name);

    /** Unmaps the file; its extents' bytes are not accessible from then on. */
    @Override
    void close();
}
