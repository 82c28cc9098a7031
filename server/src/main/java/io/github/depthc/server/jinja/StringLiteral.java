// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

/** Reads a string with Python's escapes. */
final class StringLiteral {
    private final Source source;
    private final StringBuilder text = new StringBuilder();

    StringLiteral(Source source) {
        this.source = source;
    }

    /** What it says; the opening quote is next. */
    String read() {
        char quote = source.peek(0);
        source.skip(1);
        while (source.peek(0) != quote || source.ended()) {
            if (source.ended()) {
                throw source.error("a string does not end; expected " + quote);
            }
            char c = source.peek(0);
            source.skip(1);
            if (c == '\\' && !source.ended()) {
                escape();
            } else {
                text.append(c);
            }
        }
        source.skip(1);
        return text.toString();
    }

    private void escape() {
        char escaped = source.peek(0);
        if (escaped >= '0' && escaped <= '7') {
            octal();
            return;
        }
        source.skip(1);
        switch (escaped) {
            case '\n' -> {
                // A line that goes on.
            }
            case 'a' -> text.append('\u0007');
            case 'b' -> text.append('\b');
            case 'f' -> text.append('\f');
            case 'n' -> text.append('\n');
            case 'r' -> text.append('\r');
            case 't' -> text.append('\t');
            case 'v' -> text.append('\u000b');
            case '\\', '\'', '"' -> text.append(escaped);
            case 'x' -> hexadecimal(escaped, 2);
            case 'u' -> hexadecimal(escaped, 4);
            case 'U' -> hexadecimal(escaped, 8);
            case 'N' -> throw source.error("characters by name (\\N) are not there here; write the character itself");
            default -> text.append('\\').append(escaped);
        }
    }

    private void octal() {
        int code = 0;
        for (int i = 0; i < 3 && source.peek(0) >= '0' && source.peek(0) <= '7'; i++) {
            code = code * 8 + source.peek(0) - '0';
            source.skip(1);
        }
        text.append((char) code);
    }

    private void hexadecimal(char kind, int digits) {
        long code = 0;
        for (int i = 0; i < digits; i++) {
            int digit = Character.digit(source.peek(0), 16);
            if (digit < 0 || source.peek(0) > 'f') {
                throw source.error("\\" + kind + " without " + digits + " digits");
            }
            code = code * 16 + digit;
            source.skip(1);
        }
        if (code > Character.MAX_CODE_POINT) {
            throw source.error("\\U of a character that does not exist");
        }
        text.appendCodePoint((int) code);
    }
}
