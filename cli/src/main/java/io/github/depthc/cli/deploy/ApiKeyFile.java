// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.deploy;

import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Reads a key from a file, where other users of the machine do not see it as they see a command line. */
public final class ApiKeyFile {
    private static final long LARGEST = 4096;

    private ApiKeyFile() {
    }

    /** The only line of a file. */
    public static String read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new InputException("--api-key-file " + file + ": " + (Files.exists(file) ? "is not a file" : "no such file") + ", expected one with the key on a line");
        }
        if (Files.size(file) > LARGEST) {
            throw new InputException("--api-key-file " + file + ": has " + Files.size(file) + " bytes, expected one line with the key");
        }
        try {
            List<String> lines = Files.readAllLines(file).stream().map(String::strip).filter(l -> !l.isEmpty()).toList();
            if (lines.size() != 1) {
                throw new InputException("--api-key-file " + file + ": has " + lines.size() + " lines, expected one with the key");
            }
            return lines.getFirst();
        } catch (CharacterCodingException e) {
            throw new InputException("--api-key-file " + file + ": is no text, expected one line with the key", e);
        }
    }
}
