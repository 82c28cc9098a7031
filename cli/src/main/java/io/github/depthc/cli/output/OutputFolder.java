// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.output;

import io.github.depthc.cli.console.Units;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.io.StagingFolder;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * A folder that is to be made.
 *
 * @param path     as the user named it
 * @param existing the nearest folder above it that exists
 */
public record OutputFolder(Path path, Path existing) {
    /** What file systems add to the files themselves. */
    private static final long OVERHEAD = 1 << 20;

    /**
     * Finds the folder in which the path would be made.
     *
     * @throws InputException if the path cannot be a folder, because it is a root or leads through a file
     */
    public static OutputFolder of(Path path) {
        Path target = path.toAbsolutePath().normalize();
        if (target.getFileName() == null) {
            throw new InputException(path + ": is the root of a file system; give the name of a new folder");
        }
        StagingFolder.requireTarget(target);
        Path existing = target;
        do {
            existing = existing.getParent();
        } while (!Files.exists(existing, LinkOption.NOFOLLOW_LINKS));
        if (!Files.isDirectory(existing)) {
            throw new InputException(path + ": cannot be made because " + existing + " is "
                    + (Files.exists(existing) ? "no folder" : "a link to nothing") + "; give another output path");
        }
        if (Files.isSymbolicLink(target) && !Files.exists(target)) {
            throw new InputException(path + ": is a link to nothing; remove it or give another output path");
        }
        return new OutputFolder(path, existing);
    }

    /** Makes a folder there and removes it again; {@link IOException} that says what to do if that is not possible. */
    public void requireWritable() throws IOException {
        try {
            Files.delete(Files.createTempDirectory(existing, ".depthc"));
        } catch (IOException e) {
            String reason = e instanceof FileSystemException f && f.getReason() != null ? " (" + f.getReason() + ")" : "";
            throw new IOException(path + ": nothing can be written in " + existing + reason + "; give another output path, or make that folder "
                    + "writable", e);
        }
    }

    /** Bytes free there. */
    public long free() throws IOException {
        return Files.getFileStore(existing).getUsableSpace();
    }

    /** {@link IOException} when files of this size together do not fit there. */
    public void requireSpace(String what, long bytes) throws IOException {
        long free = free();
        if (free - OVERHEAD < bytes) {
            throw new IOException("not enough disk space in " + existing + ": " + what + " needs " + Units.bytes(bytes) + " and " + Units.bytes(OVERHEAD) + " to spare, "
                    + Units.bytes(free) + " are free; make room or give another output path");
        }
    }
}
