// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Copies of a checkpoint of F32 tensors in one file, with other values in a tensor. */
final class PokedCheckpoint {
    private PokedCheckpoint() {
    }

    /** All elements of the tensor are this. */
    static Path all(Path checkpoint, Path to, String tensor, float value) throws IOException {
        return poke(checkpoint, to, tensor, value, Integer.MAX_VALUE);
    }

    /** The first element of the tensor is this. */
    static Path first(Path checkpoint, Path to, String tensor, float value) throws IOException {
        return poke(checkpoint, to, tensor, value, 1);
    }

    private static Path poke(Path checkpoint, Path to, String tensor, float value, int most) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(checkpoint)) {
            for (Path f : files.toList()) {
                Files.copy(f, to.resolve(f.getFileName()));
            }
        }
        try (var weights = new RandomAccessFile(to.resolve("model.safetensors").toFile(), "rw")) {
            var header = new byte[Math.toIntExact(Long.reverseBytes(weights.readLong()))];
            weights.readFully(header);
            JsonNode offsets = new ObjectMapper().readTree(header).get(tensor).get("data_offsets");
            weights.seek(Long.BYTES + header.length + offsets.get(0).longValue());
            long elements = (offsets.get(1).longValue() - offsets.get(0).longValue()) / Float.BYTES;
            for (long i = 0; i < Math.min(most, elements); i++) {
                weights.writeInt(Integer.reverseBytes(Float.floatToRawIntBits(value)));
            }
        }
        return to;
    }
}
