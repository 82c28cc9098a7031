// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.export;

import io.github.depthc.cli.output.OutputFolder;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** The folder that an export makes. */
public final class ExportTarget {
    private ExportTarget() {
    }

    /**
     * The folder, once it is certain that it may be written.
     *
     * @param bundle what is exported, which must not lie in it
     * @param force  whether it may replace what an export wrote, where nothing else is in it
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

    private static void requireReplaceable(Path path, Path bundle, boolean force) throws IOException {
        if (!Files.isDirectory(path)) {
            throw new InputException(path + " is a file, expected a folder to write to; give another output path");
        }
        try (Stream<Path> entries = Files.list(path)) {
            if (entries.findAny().isEmpty()) {
                return;
            }
        }
        Optional<ExportedFiles> exported = ExportedFiles.of(path);
        if (exported.isEmpty()) {
            throw new InputException(path + " is nothing that an export wrote (a p-MoD or γ-MoD checkpoint, a model repository for Triton, a folder for onnxruntime-genai) and is "
                    + "not replaced; remove it or give another output path");
        }
        if (bundle.toRealPath().startsWith(path.toRealPath())) {
            throw new InputException(path + " has the bundle in it, which replacing it would delete; give another output path");
        }
        if (!force) {
            throw new InputException(path + " exists already; give another output path, or --force to replace it");
        }
        Optional<String> stranger = exported.get().stranger(path);
        if (stranger.isPresent()) {
            throw new InputException(path + " has " + stranger.get() + " in it, which no export wrote and which replacing it would delete; move it, or give another output path");
        }
    }
}
