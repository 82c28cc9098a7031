// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.frontend.safetensors.SafetensorsFile;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.TensorType;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LogitsFileTest {
    @TempDir
    private Path folder;

    @Test
    void whatIsWrittenIsRead() throws IOException {
        int rows = 3;
        int vocab = 100_001; // more than one piece, and not a multiple of it
        float[] values = new float[rows * vocab];
        for (int i = 0; i < values.length; i++) {
            values[i] = i * 0.5f - 7;
        }
        Path file = folder.resolve("logits.safetensors");
        Files.writeString(file, "replaced");
        LogitsFile.write(file, new StepOutput(rows, vocab, FloatBuffer.wrap(values)));
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertEquals(TensorType.fixed(DType.F32, rows, vocab), read.tensors().get("logits").type());
            assertEquals(1, read.tensors().size());
        }
        byte[] bytes = Files.readAllBytes(file);
        float[] found = java.lang.foreign.MemorySegment.ofArray(bytes).asSlice(bytes.length - 4L * values.length)
                .toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        assertArrayEquals(values, found);
    }

    @Test
    void nothingIsLeftOfAFailure() throws IOException {
        Path file = Files.createDirectory(folder.resolve("logits.safetensors"));
        assertThrows(IOException.class, () -> LogitsFile.write(file, new StepOutput(1, 2, FloatBuffer.allocate(2))));
        assertEquals(1, folder.toFile().list().length);
        assertEquals(0, file.toFile().list().length);
    }

    @Test
    void whatAKilledProcessLeftIsDeleted() throws IOException {
        Path left = Files.createDirectory(folder.resolve(".logits.safetensors.1-abc.partial"));
        Files.createFile(left.resolve(".lock"));
        LogitsFile.write(folder.resolve("logits.safetensors"), new StepOutput(1, 2, FloatBuffer.allocate(2)));
        assertEquals(1, folder.toFile().list().length);
    }
}
