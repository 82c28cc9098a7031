// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.tensorfile;

import io.github.depthc.ir.InputException;
import java.nio.file.Path;

/** Names of tensors as files have them. */
public final class TensorName {
    private static final int MAX = 1000;

    private TensorName() {
    }

    /**
     * Checks a tensor's name, before a message shows it; {@link InputException} for one that is very long, or that a terminal
     * would take for commands.
     *
     * @param file where it stands
     */
    public static void check(String name, Path file) {
        if (name.length() > MAX) {
            throw new InputException(file + ": has a tensor whose name has " + name.length() + " characters, expected at most " + MAX);
        }
        if (name.chars().anyMatch(Character::isISOControl)) {
            throw new InputException(file + ": has a tensor whose name has control characters (" + name.replaceAll("\\p{Cc}", "?")
                    + " without them), expected printable ones");
        }
    }
}
