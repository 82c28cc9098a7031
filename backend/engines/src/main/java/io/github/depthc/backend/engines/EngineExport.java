// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.engines;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.FileEntry;
import io.github.depthc.ir.io.StagingFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * What an engine is given of a bundle: small files that are made, and the bundle's own that are copied.
 *
 * @param made   paths in the folder and their bytes
 * @param copied files of the bundle, and where each goes
 */
public record EngineExport(List<Made> made, List<Copied> copied) {

    public EngineExport {
        made = List.copyOf(made);
        copied = List.copyOf(copied);
    }

    /** A file that is made. */
    public record Made(String path, byte[] bytes) {
        static Made text(String path, String text) {
            return new Made(path, text.getBytes(StandardCharsets.UTF_8));
        }

        static Made json(String path, JsonNode json) {
            return text(path, json.toPrettyString() + "\n");
        }
    }

    /**
     * A file that is copied.
     *
     * @param from the bundle's
     * @param path where it goes
     */
    public record Copied(Path from, String path) {
    }

    /** The files below a bundle's folder that its graph refers to, to go below another folder. */
    static List<Copied> weights(Bundle bundle, String below) {
        return bundle.info().files().stream().map(FileEntry::path).filter(p -> p.startsWith(Bundle.WEIGHTS + "/")).map(p -> new Copied(bundle.file(p), below + p)).toList();
    }

    /** Bytes of all files. */
    public long bytes() throws IOException {
        long all = made.stream().mapToLong(m -> m.bytes().length).sum();
        for (Copied c : copied) {
            all += Files.size(c.from());
        }
        return all;
    }

    /**
     * Writes a folder: whole, or not at all.
     *
     * @param replace whether it replaces what is there, whatever that is; else the folder must not exist, or be empty
     * @param done    told how many bytes are written, after each file
     */
    public void write(Path folder, boolean replace, LongConsumer done) throws IOException {
        try (StagingFolder staging = StagingFolder.open(folder, replace)) {
            try {
                fill(staging.folder(), done);
            } catch (IOException e) {
                throw staging.about(e);
            }
            staging.commit();
        }
    }

    private void fill(Path folder, LongConsumer done) throws IOException {
        long bytes = 0;
        for (Copied c : copied) {
            Path to = folder.resolve(c.path());
            Files.createDirectories(to.getParent());
            Files.copy(c.from(), to);
            bytes += Files.size(to);
            done.accept(bytes);
        }
        for (Made m : made) {
            Path to = folder.resolve(m.path());
            Files.createDirectories(to.getParent());
            Files.write(to, m.bytes());
        }
    }
}
