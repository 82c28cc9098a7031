// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** Command lines as a shell reads them. */
public final class Shell {
    private Shell() {
    }

    /** Words joined by spaces, each quoted where it must be. */
    public static String join(List<String> words) {
        return words.stream().map(Shell::quote).collect(Collectors.joining(" "));
    }

    /** A path as an argument: one that begins with a hyphen would be taken for an option. */
    public static String path(Path path) {
        String text = path.toString();
        return quote(text.startsWith("-") ? "./" + text : text);
    }

    /** One word, in single quotes unless it is plain. */
    public static String quote(String word) {
        return word.matches("[A-Za-z0-9_./:=,@%+-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
