// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.output;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.io.StagingFolder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Files that are written whole or not at all. */
public final class TextFile {
    private static final String NAME = "text";
    /** How far a file is looked into to know what it is, in bytes. */
    private static final int HEAD = 4096;

    private TextFile() {
    }

    /** What is written; a file of the same kind may be replaced. */
    public enum Kind {
        /** The text form of a model. */
        MIR("text form of a model", "(?s)\\s*(//[^\n]*\n\\s*)*(depthc\\.mir|graph\\s*\\().*"),
        /** A drawing for Graphviz. */
        DOT("dot drawing", "(?s)\\s*(//[^\n]*\n\\s*)*(strict\\s+)?(di)?graph\\b.*"),
        /** A drawing. */
        SVG("svg drawing", "(?s)\\s*(<\\?xml.*?)?<svg\\b.*");

        private final String words;
        private final Pattern begins;

        Kind(String words, String begins) {
            this.words = words;
            this.begins = Pattern.compile(begins);
        }

        private boolean is(Path file) throws IOException {
            try (InputStream in = Files.newInputStream(file)) {
                String head = new String(in.readNBytes(HEAD), StandardCharsets.ISO_8859_1);
                return head.isBlank() || begins.matcher(head).matches();
            }
        }
    }

    /**
     * Refuses what {@link #write} could not write, or would write over something that is no file of the same kind, before any work is
     * done for it.
     *
     * @param file may be null, which is nothing to check
     */
    public static void check(Path file, String option, Kind kind) throws IOException {
        if (file == null) {
            return;
        }
        if (Files.isDirectory(file)) {
            throw new InputException(option + " " + file + ": is a folder, expected the name of a file");
        }
        if (Files.isRegularFile(file) && !kind.is(file)) {
            throw new InputException(option + " " + file + ": exists already and is no " + kind.words + ", so it is not replaced; remove it or give another name");
        }
    }

    /** Writes a file in UTF-8, in place of one that is there; a link stays one, and a device or pipe is written to as it is. */
    public static void write(Path file, String text) throws IOException {
        try {
            if (Files.exists(file) && !Files.isRegularFile(file)) {
                Files.writeString(file, text);
            } else {
                replace(file, text);
            }
        } catch (NoSuchFileException e) {
            throw new IOException(file + ": no file can be made there; give another path", e);
        } catch (FileSystemException e) {
            throw e;
        } catch (IOException e) {
            if (String.valueOf(e.getMessage()).startsWith(file.toString())) {
                throw e;
            }
            throw new IOException(file + ": cannot be written: " + e.getMessage() + "; make room or give another path", e);
        }
    }

    private static void replace(Path file, String text) throws IOException {
        try (StagingFolder staging = StagingFolder.open(Files.exists(file) ? file.toRealPath() : file, true)) {
            Path written = staging.folder().resolve(NAME);
            Files.writeString(written, text);
            StagingFolder.sync(written);
            staging.commit(NAME);
        }
    }
}
