// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.backend.onnx.proto.ModelProto;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** ONNX files. */
public final class OnnxFiles {
    private OnnxFiles() {
    }

    /** Writes a model to a new file, piece by piece. Its weights are not in it: they are external data. */
    public static void write(ModelProto model, Path file) throws IOException {
        try (var out = new BufferedOutputStream(Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), 1 << 16)) {
            model.writeTo(out);
        }
    }
}
