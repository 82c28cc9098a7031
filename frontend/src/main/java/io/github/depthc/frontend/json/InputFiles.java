// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.json;

import io.github.depthc.ir.InputException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Checks of files that a user names, before they are opened. */
public final class InputFiles {
    private InputFiles() {
    }

    /** The path, if it is a regular file that may be read; {@link InputException} otherwise. */
    public static Path requireFile(Path file) {
        if (!Files.exists(file)) {
            throw new InputException(file + (Files.isSymbolicLink(file) ? ": is a link that leads to no file" : ": no such file"));
        }
        if (!Files.isRegularFile(file)) {
            throw new InputException(file + ": is " + (Files.isDirectory(file) ? "a folder" : "not a regular file") + ", expected a file");
        }
        if (!Files.isReadable(file)) {
            throw new InputException(file + ": may not be read, check its permissions");
        }
        return file;
    }

    /** The path, if it is a folder that may be listed; {@link InputException} otherwise. */
    public static Path requireFolder(Path folder) {
        if (!Files.exists(folder)) {
            throw new InputException(folder + (Files.isSymbolicLink(folder) ? ": is a link that leads to no folder" : ": no such folder"));
        }
        if (!Files.isDirectory(folder)) {
            throw new InputException(folder + ": is a file, expected a folder");
        }
        if (!Files.isReadable(folder) || !Files.isExecutable(folder)) {
            throw new InputException(folder + ": may not be listed, check its permissions");
        }
        return folder;
    }
}
