// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.console;

/** Text for terminals that know ASCII alone. */
final class Ascii {
    private Ascii() {
    }

    /** The same text with every other character replaced by what stands nearest to it. */
    static String fold(String text) {
        if (text.chars().allMatch(c -> c < 0x80)) {
            return text;
        }
        var out = new StringBuilder(text.length() + 8);
        text.codePoints().forEach(c -> {
            if (c < 0x80) {
                out.appendCodePoint(c);
            } else {
                out.append(near(c));
            }
        });
        return out.toString();
    }

    private static String near(int c) {
        return switch (c) {
            case '…' -> "...";
            case '·' -> ".";
            case '–', '—', '−', '─' -> "-";
            case '×' -> "x";
            case '≤' -> "<=";
            case '≥' -> ">=";
            case '→' -> "->";
            case '±' -> "+-";
            case '“', '”' -> "\"";
            case '‘', '’' -> "'";
            case 'γ' -> "gamma";
            case 'α' -> "alpha";
            case 'β' -> "beta";
            case 'µ', 'μ' -> "u";
            default -> "?";
        };
    }
}
