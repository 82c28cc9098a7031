// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.backend.onnx.proto.ModelProto;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxFilesTest {
    @Test
    void writesAModelOnce(@TempDir Path folder) throws IOException {
        ModelProto model = OnnxEmitter.emit(TinyDecoder.of(8, 0, (TinyDecoder.Layer) null), new EmitOptions(false, "test"), w -> null).model();
        Path file = folder.resolve("model.onnx");
        OnnxFiles.write(model, file);
        assertArrayEquals(model.toByteArray(), Files.readAllBytes(file));
        assertThrows(FileAlreadyExistsException.class, () -> OnnxFiles.write(model, file));
    }
}
