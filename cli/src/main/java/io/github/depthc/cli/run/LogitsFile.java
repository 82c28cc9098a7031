// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.frontend.safetensors.SafetensorsFile;
import io.github.depthc.frontend.safetensors.SafetensorsWriter;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.io.StagingFolder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Writes a safetensors file with one tensor, {@code logits} F32 {@code [positions, vocab]}; the file appears when it is complete. */
public final class LogitsFile {
    private static final int PIECE = 1 << 18;
    private static final String TENSOR = "logits";
    private static final String NAME = "logits.safetensors";

    private LogitsFile() {
    }

    /** Whether a file may be replaced: it is empty, or one that this class wrote. */
    public static boolean mayReplace(Path file) throws IOException {
        if (Files.size(file) == 0) {
            return true;
        }
        try (SafetensorsFile found = SafetensorsFile.open(file)) {
            return found.tensors().keySet().equals(Set.of(TENSOR));
        } catch (InputException e) {
            return false;
        }
    }

    static void write(Path file, StepOutput logits) throws IOException {
        var tensors = new LinkedHashMap<String, TensorType>();
        tensors.put(TENSOR, TensorType.fixed(DType.F32, logits.rows(), logits.vocab()));
        try (StagingFolder staging = StagingFolder.open(file, true)) {
            try (var writer = SafetensorsWriter.create(staging.folder().resolve(NAME), tensors, Map.of())) {
                var piece = ByteBuffer.allocate(PIECE * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                int total = Math.multiplyExact(logits.rows(), logits.vocab());
                for (int at = 0; at < total; at += PIECE) {
                    int n = Math.min(PIECE, total - at);
                    piece.clear().limit(n * Float.BYTES);
                    piece.asFloatBuffer().put(0, logits.logits(), at, n);
                    writer.write(piece);
                }
            }
            staging.commit(NAME);
        } catch (IOException e) {
            throw new IOException(file + ": the logits cannot be written: " + e.getMessage(), e);
        }
    }
}
