// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.synth;

import io.github.depthc.frontend.arch.Architecture;
import io.github.depthc.frontend.arch.Architectures;
import io.github.depthc.frontend.arch.DecoderConfig;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.frontend.safetensors.ShardedWriter;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.io.StagingFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.stream.Stream;

/** Writes checkpoints of random weights. */
public final class Synth {
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
            ShardedWriter.Progress progress) throws IOException {
        requireAbsentOrEmpty(dir);
        Architecture architecture = Architectures.registered().of(config);
        var decoder = new DecoderConfig("", config);
        var random = new RandomTensors(seed, name -> architecture.exampleDeviation(name, decoder));
        long total = ShardedWriter.bytes(tensors);
        try (StagingFolder staging = StagingFolder.open(dir, false)) {
            long free = Files.getFileStore(staging.folder()).getUsableSpace();
            if (free < total) {
                throw new IOException(String.format(Locale.ROOT, "%s: the weights take %.1f GB, but the disk has %.1f GB free", dir, total / 1e9,
                        free / 1e9));
            }
            try {
                Files.writeString(staging.folder().resolve("config.json"), config.toText());
                for (var file : architecture.exampleFiles().entrySet()) {
                    Files.writeString(staging.folder().resolve(file.getKey()), file.getValue());
                }
                ShardedWriter.write(staging.folder(), tensors, shardBytes, random::write, progress);
            } catch (IOException e) {
                throw staging.about(e);
            }
            staging.commit();
        }
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
