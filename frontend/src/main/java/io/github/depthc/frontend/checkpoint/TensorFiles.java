// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.checkpoint;

import io.github.depthc.frontend.pytorch.PytorchFile;
import io.github.depthc.frontend.safetensors.SafetensorsFile;
import io.github.depthc.frontend.tensorfile.TensorFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Opens files of tensors in the formats that checkpoints have. */
public final class TensorFiles {
    private static final List<String> PYTORCH = List.of(".bin", ".pth", ".pt");

    private TensorFiles() {
    }

    /**
     * Opens a file: of PyTorch's format when its name ends in {@code .bin}, {@code .pth} or {@code .pt}, else safetensors.
     *
     * @throws io.github.depthc.ir.InputException when it is not well-formed
     * @throws IOException                        when it cannot be read
     */
    public static TensorFile open(Path path) throws IOException {
        return PYTORCH.stream().anyMatch(path.toString()::endsWith) ? PytorchFile.open(path) : SafetensorsFile.open(path);
    }
}
