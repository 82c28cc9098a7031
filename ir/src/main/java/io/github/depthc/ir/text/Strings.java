// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.text;

/** Strings as they are written: letters, digits and printable ASCII as they are, all else escaped. */
final class Strings {
    private Strings() {
    }

    static String quote(String value) {
        return '"' + escape(value) + '"';
    }

    static String escape(String value) {
        var out = new StringBuilder();
        value.codePoints().forEach(c -> {
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (' ' <= c && c <= '~' || Character.isLetterOrDigit(c)) {
                        out.appendCodePoint(c);
                    } else {
                        for (char unit : Character.toChars(c)) {
                            out.append(String.format("\\u%04x", (int) unit));
                        }
                    }
                }
            }
        });
        return out.toString();
    }
}
