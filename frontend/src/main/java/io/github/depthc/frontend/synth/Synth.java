// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.synth;

import io.github.depthc.frontend.arch.Architecture;
import io.github.depthc.frontend.arch.Architectures;
import io.github.depthc.frontend.arch.DecoderConfig;
import io.github.depthc.frontend.json.Json;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.frontend.safetensors.SafetensorsWriter;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.io.StagingFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;

/** Writes checkpoints of random weights. */
public final class Synth {
    /** Where HuggingFace's tools split, roughly; no shard of more unless one tensor alone is. */
    public static final long DEFAULT_SHARD_BYTES = 2_000_000_000L;

    /** Told after every piece, of at most some MiB. */
    @FunctionalInterface
    public interface Progress {
        /** So many bytes of weights are written, of so many in all. */
        void wrote(long bytes, long total);
    }

    private Synth() {
    }

    /**
     * Writes a folder that {@link io.github.depthc.frontend.checkpoint.Checkpoint#open} takes: {@code config.json}, and the
     * weights in one {@code model.safetensors}, or in shards with an index when they are more than {@code shardBytes}. The
     * folder appears when it is complete, and nothing is left of one that does not become so. Equal arguments give equal tensors.
     *
     * <p>Floating point tensors are normal with deviation 0.02: around 1 when they are vectors not called {@code *.bias} (the
     * norms' weights), else around 0; routers of Mixture-of-Depths models have a larger deviation, so that they tell tokens
     * apart. Tensors of other types are 0. The values repeat after a million or so.
     *
     * @param dir        the folder, absent or empty
     * @param config     written as {@code config.json}
     * @param tensors    names with types of fixed shape, in the order in which they are stored
     * @param shardBytes the most bytes of tensors in one file, unless one tensor alone is larger
     * @throws InputException when the folder exists and is not empty
     * @throws IOException    when the disk has too little space or cannot be written
     */
    public static void write(Path dir, JsonObject config, SequencedMap<String, TensorType> tensors, long seed, long shardBytes,
            Progress progress) throws IOException {
        requireAbsentOrEmpty(dir);
        Architecture architecture = Architectures.registered().of(config);
        var decoder = new DecoderConfig("", config);
        if (shardBytes < 1) {
            throw new IllegalArgumentException("shards of " + shardBytes + " bytes");
        }
        long total = tensors.values().stream().mapToLong(Synth::bytes).reduce(0, Math::addExact);
        try (StagingFolder staging = StagingFolder.open(dir, false)) {
            long free = Files.getFileStore(staging.folder()).getUsableSpace();
            if (free < total) {
                throw new IOException(String.format(Locale.ROOT, "%s: the weights take %.1f GB, but the disk has %.1f GB free", dir, total / 1e9,
                        free / 1e9));
            }
            Files.writeString(staging.folder().resolve("config.json"), config.toText());
            writeShards(staging.folder(), tensors, new RandomTensors(seed, name -> architecture.exampleDeviation(name, decoder)), shardBytes, total, progress);
            staging.commit();
        }
    }

    private static void writeShards(Path dir, SequencedMap<String, TensorType> tensors, RandomTensors random, long shardBytes, long total,
            Progress progress) throws IOException {
        List<SequencedMap<String, TensorType>> shards = split(tensors, shardBytes);
        var index = Json.object();
        index.putObject("metadata").put("total_size", total);
        var weightMap = index.putObject("weight_map");
        long before = 0;
        for (int i = 0; i < shards.size(); i++) {
            String name = shards.size() == 1 ? "model.safetensors"
                    : String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
            try (var writer = SafetensorsWriter.create(dir.resolve(name), shards.get(i), Map.of("format", "pt"))) {
                for (var tensor : shards.get(i).entrySet()) {
                    long start = before;
                    random.write(tensor.getKey(), tensor.getValue(), writer, written -> progress.wrote(start + written, total));
                    before += bytes(tensor.getValue());
                    weightMap.put(tensor.getKey(), name);
                }
            }
        }
        if (shards.size() > 1) {
            Files.writeString(dir.resolve("model.safetensors.index.json"), index.toPrettyString() + "\n");
        }
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

    private static long bytes(TensorType type) {
        long n = type.dtype().bytes();
        for (long d : type.fixedShape()) {
            n = Math.multiplyExact(n, d);
        }
        return n;
    }

    private static void requireAbsentOrEmpty(Path dir) throws IOException {
        if (!Files.exists(dir)) {
            return;
        }
        if (!Files.isDirectory(dir)) {
            throw new InputException(dir + ": is a file, expected a folder to write the checkpoint to");
        }
        try (Stream<Path> files = Files.list(dir)) {
            if (files.findAny().isPresent()) {
                throw new InputException(dir + ": exists and is not empty; give another folder or remove it first");
            }
        }
    }
}
