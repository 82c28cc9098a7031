// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch;

import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.frontend.safetensors.SafetensorsWriter;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/** A checkpoint on disk whose tensors can be left out, added and given other shapes; F32 elements are all one number. */
public final class TestCheckpoint {
    private final JsonObject config;
    private final SequencedMap<String, TensorType> tensors;
    private final Map<String, Float> values = new LinkedHashMap<>();

    /** With the tensors that the configuration implies. */
    public TestCheckpoint(JsonObject config) {
        this.config = config;
        tensors = new LinkedHashMap<>(Importer.tensors(config, DType.F32));
    }

    /** Without this tensor. */
    public TestCheckpoint without(String name) {
        if (tensors.remove(name) == null) {
            throw new IllegalArgumentException(name);
        }
        return this;
    }

    /** With this tensor, new or of another shape. */
    public TestCheckpoint with(String name, TensorType type) {
        tensors.put(name, type);
        return this;
    }

    /** With this number in all elements of a tensor (else zero). */
    public TestCheckpoint value(String name, float value) {
        values.put(name, value);
        return this;
    }

    /** Writes it. */
    public Path write(Path folder) throws IOException {
        Files.writeString(folder.resolve("config.json"), config.toText());
        try (var writer = SafetensorsWriter.create(folder.resolve("model.safetensors"), tensors, Map.of("format", "pt"))) {
            for (var t : tensors.entrySet()) {
                int size = t.getValue().dtype().bytes();
                for (long d : t.getValue().fixedShape()) {
                    size = Math.toIntExact(size * d);
                }
                ByteBuffer bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
                while (t.getValue().dtype() == DType.F32 && bytes.hasRemaining()) {
                    bytes.putFloat(values.getOrDefault(t.getKey(), 0f));
                }
                writer.write(bytes.rewind());
            }
        }
        return folder;
    }
}
