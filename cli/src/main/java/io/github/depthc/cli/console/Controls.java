// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

/** Characters that command a terminal instead of being shown: a name in a file of somebody else's may have them. */
final class Controls {
    private Controls() {
    }

    /** The same text with each control character, but line ends and tabs, and each one that turns the direction of writing, as {@code \\uXXXX}. */
    static String shown(String text) {
        if (text.chars().noneMatch(Controls::commands)) {
            return text;
        }
        var out = new StringBuilder(text.length() + 16);
        text.chars().forEach(c -> {
            if (commands(c)) {
                out.append("\\u%04x".formatted(c));
            } else {
                out.append((char) c);
            }
        });
        return out.toString();
    }

    private static boolean commands(int c) {
        return Character.isISOControl(c) && c != '\n' && c != '\t' || c >= 0x202a && c <= 0x202e || c >= 0x2066 && c <= 0x2069;
    }
}
