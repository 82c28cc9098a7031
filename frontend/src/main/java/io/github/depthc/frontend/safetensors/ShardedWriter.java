// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.safetensors;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.frontend.json.Json;
import io.github.depthc.ir.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.LongConsumer;

/**
 * Writes a checkpoint's tensors as HuggingFace's tools do: in one {@code model.safetensors}, or in shards with
 * {@code model.safetensors.index.json} when they are more than one file's worth.
 */
public final class ShardedWriter {
    /** Where HuggingFace's tools split, roughly; no shard of more unless one tensor alone is. */
    public static final long DEFAULT_SHARD_BYTES = 2_000_000_000L;

    /** The file where there is one. */
    public static final String SINGLE = "model.safetensors";
    /** Which tensor is in which file, where there are several. */
    public static final String INDEX = "model.safetensors.index.json";

    /** Told after every piece, of at most some MiB. */
    @FunctionalInterface
    public interface Progress {
        /** So many bytes of tensors are written, of so many in all. */
        void wrote(long bytes, long total);
    }

    /** Where the bytes come from. */
    @FunctionalInterface
    public interface Source {
        /** Writes all bytes of one tensor; {@code written} gets its bytes so far. */
        void write(String name, TensorType type, SafetensorsWriter to, LongConsumer written) throws IOException;
    }

    private ShardedWriter() {
    }

    /**
     * Writes the files into an existing folder.
     *
     * @param tensors    names with types of fixed shape, in the order in which they are stored
     * @param shardBytes the most bytes of tensors in one file, unless one tensor alone is larger
     * @return the files, those of the tensors first
     */
    public static List<Path> write(Path dir, SequencedMap<String, TensorType> tensors, long shardBytes, Source source, Progress progress)
            throws IOException {
        if (shardBytes < 1) {
            throw new IllegalArgumentException("shards of " + shardBytes + " bytes");
        }
        long total = bytes(tensors);
        List<SequencedMap<String, TensorType>> shards = split(tensors, shardBytes);
        ObjectNode index = Json.object();
        index.putObject("metadata").put("total_size", total);
        ObjectNode weightMap = index.putObject("weight_map");
        var files = new ArrayList<Path>();
        long before = 0;
        for (int i = 0; i < shards.size(); i++) {
            String name = shards.size() == 1 ? SINGLE
                    : String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
            files.add(dir.resolve(name));
            try (var writer = SafetensorsWriter.create(files.getLast(), shards.get(i), Map.of("format", "pt"))) {
                for (var tensor : shards.get(i).entrySet()) {
                    long start = before;
                    source.write(tensor.getKey(), tensor.getValue(), writer, written -> progress.wrote(start + written, total));
                    before += bytes(tensor.getValue());
                    weightMap.put(tensor.getKey(), name);
                }
            }
        }
        if (shards.size() > 1) {
            files.add(Files.writeString(dir.resolve(INDEX), index.toPrettyString() + "\n"));
        }
        return files;
    }

    /** Bytes of all tensors together. */
    public static long bytes(Map<String, TensorType> tensors) {
        return tensors.values().stream().mapToLong(ShardedWriter::bytes).reduce(0, Math::addExact);
    }

    private static long bytes(TensorType type) {
        long n = type.dtype().bytes();
        for (long d : type.fixedShape()) {
            n = Math.multiplyExact(n, d);
        }
        return n;
    }

    private static List<SequencedMap<String, TensorType>> split(SequencedMap<String, TensorType> tensors, long shardBytes) {
        var shards = new ArrayList<SequencedMap<String, TensorType>>();
        shards.add(new LinkedHashMap<>());
        long size = 0;
        for (var tensor : tensors.entrySet()) {
            long bytes = bytes(tensor.getValue());
            if (size > 0 && bytes > shardBytes - size) {
                shards.add(new LinkedHashMap<>());
                size = 0;
            }
            shards.getLast().put(tensor.getKey(), tensor.getValue());
            size += bytes;
        }
        return shards;
    }
}
