// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.export;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.cli.output.OutputFolder;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;

/** The folder that an export makes. */
public final class ExportTarget {
    /** What an export to a checkpoint writes: the only ones that one may replace. */
    private static final Set<String> EXPORTED = Set.of("pmod_llava_llama", "mod_llava_llama");

    private ExportTarget() {
    }

    /**
     * The folder, once it is certain that it may be written.
     *
     * @param bundle what is exported, which must not lie in it
     * @param force  whether it may replace a checkpoint of the published formats
     * @throws InputException when it exists and may not be replaced
     */
    public static OutputFolder of(Path path, Path bundle, boolean force) throws IOException {
        OutputFolder folder = OutputFolder.of(path);
        if (Files.exists(path)) {
            requireReplaceable(path, bundle, force);
        }
        folder.requireWritable();
        return folder;
    }

    private static boolean isExported(Path path) throws IOException {
        if (!Files.isRegularFile(path.resolve(Checkpoint.CONFIG)) || Bundle.isBundle(path)) {
            return false;
        }
        return EXPORTED.contains(Checkpoint.config(path).optString("model_type", ""))
                || Files.isRegularFile(path.resolve("genai_config.json")) && Files.isRegularFile(path.resolve("model.onnx"))
                || Files.isRegularFile(path.resolve("client.json")) && Files.isRegularFile(path.resolve("client.py")) && Files.isDirectory(path.resolve("models"));
    }

    private static void requireReplaceable(Path path, Path bundle, boolean force) throws IOException {
        if (!Files.isDirectory(path)) {
            throw new InputException(path + " is a file, expected a folder to write to; give another output path");
        }
        try (Stream<Path> entries = Files.list(path)) {
            if (entries.findAny().isEmpty()) {
                return;
            }
        }
        if (!isExported(path)) {
            throw new InputException(path + " is nothing that an export wrote (a p-MoD or γ-MoD checkpoint, a model repository for Triton, a folder for onnxruntime-genai) and is "
                    + "not replaced; remove it or give another output path");
        }
        if (bundle.toRealPath().startsWith(path.toRealPath())) {
            throw new InputException(path + " has the bundle in it, which replacing it would delete; give another output path");
        }
        if (!force) {
            throw new InputException(path + " exists already; give another output path, or --force to replace it");
        }
    }
}
