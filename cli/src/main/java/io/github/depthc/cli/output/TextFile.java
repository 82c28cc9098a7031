// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.output;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.io.StagingFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files that are written whole or not at all. */
public final class TextFile {
    private static final String NAME = "text";

    private TextFile() {
    }

    /** Refuses what {@link #write} could not write, before any work is done for it. */
    public static void check(Path file, String option) {
        if (file != null && Files.isDirectory(file)) {
            throw new InputException(option + " " + file + ": is a folder, expected the name of a file");
        }
    }

    /** Writes a file in UTF-8, in place of one that is there; a link stays one, and a device or pipe is written to as it is. */
    public static void write(Path file, String text) throws IOException {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            Files.writeString(file, text);
            return;
        }
        try (StagingFolder staging = StagingFolder.open(Files.exists(file) ? file.toRealPath() : file, true)) {
            Path written = staging.folder().resolve(NAME);
            Files.writeString(written, text);
            StagingFolder.sync(written);
            staging.commit(NAME);
        }
    }
}
